/** j and k go from post to post, r answers the one that has the focus. */
export function walkByKeys(page: Document): void {
  page.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input,textarea,select,dialog,[popover]"))
      return;
    const posts = [...page.querySelectorAll<HTMLElement>("article[id]")].filter((post) => post.checkVisibility());
    const at = posts.indexOf(target.closest("article") as HTMLElement);
    const to = event.key === "j" ? posts[at + 1] : event.key === "k" ? posts[at - 1] : undefined;
    if (to) {
      to.tabIndex = -1;
      to.focus();
      to.scrollIntoView({ block: "nearest" });
    } else if (event.key === "r" && at >= 0) {
      const link = posts[at]?.querySelector<HTMLElement>("a[href*='reply=']");
      if (!link) return;
      event.preventDefault();
      link.click();
    }
  });
}
