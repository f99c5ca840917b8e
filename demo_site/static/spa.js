// A single-page application in the small: it draws views by the history API, puts the script tag in anew with every view, as
// frameworks do, and can swap the whole body, as others do.
(() => {
  "use strict";

  const tagUrl = document.getElementById("root").dataset.tag;
  const views = {
    app: ["Single-page app", "One document for all of these views. The chat stays as it is while they change."],
    lamps: ["Lamps", "The Harbour lamp, and one day its smaller sister."],
    cups: ["Cups", "The Fjord mug, in five glazes."],
    swap: ["Swapped", "To come here, the whole body was taken out and another one put in."],
  };

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function drawView(name) {
    const [title, text] = views[name];
    const links = Object.keys(views).map((view) => {
      const here = view === name ? { "aria-current": "page" } : {};
      return element("a", { href: view === "app" ? "/app" : `/app/${view}`, ...here }, views[view][0]);
    });
    document.title = `${title} – Marlow & Finch`;
    return [
      element("header", { class: "top" },
        element("a", { class: "brand", href: "/" }, "Marlow & Finch"),
        element("nav", { "aria-label": "Views" }, ...links)),
      element("main", { id: "main" }, element("div", { class: "prose" }, element("h1", {}, title), element("p", {}, text))),
    ];
  }

  function insertTag() {
    for (const old of document.querySelectorAll("script[data-chat]")) old.remove();
    document.body.append(element("script", { async: "", src: tagUrl, "data-chat": "" }));
  }

  function show() {
    const name = location.pathname.split("/")[2] ?? "app";
    const view = name in views ? name : "app";
    const root = element("div", { id: "root", "data-tag": tagUrl }, ...drawView(view));
    if (view === "swap") {
      document.body.replaceWith(element("body", {}, root));
    } else {
      document.getElementById("root").replaceWith(root);
    }
    insertTag();
  }

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[href^='/app']") : null;
    if (link === null || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    history.pushState(null, "", link.getAttribute("href"));
    show();
  });
  window.addEventListener("popstate", show);
  show();
})();
