/** Adds a sheet to those of `root`: neither a style element nor a style attribute, which a page's policy may forbid. */
export function adopt(root: Document | ShadowRoot, text: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

/** Keys typed into the chat are not shortcuts of the page, whose guards do not see the text box inside. */
export function keepKeysInside(box: HTMLElement, signal: AbortSignal): void {
  for (const name of ["keydown", "keyup", "keypress"]) {
    box.addEventListener(name, (event) => event.stopPropagation(), { signal });
  }
}

/** On phones: fits the panel into what the on-screen keyboard leaves free. */
export function followKeyboard(box: HTMLElement, signal: AbortSignal): void {
  const view = window.visualViewport;
  if (!view) return;
  const follow = (): void => {
    box.style.setProperty("--height", `${view.height}px`);
    box.style.setProperty("--top", `${view.offsetTop}px`);
  };
  view.addEventListener("resize", follow, { signal });
  view.addEventListener("scroll", follow, { signal });
  follow();
}
