// What other people's scripts do to a page before a guest arrives. Every patch here was once shipped by somebody.
(() => {
  "use strict";

  // Old libraries gave arrays and strings a JSON form of their own; enumerable additions show up in every for-in.
  Array.prototype.toJSON = function () {
    return `patched:${this.join()}`;
  };
  Array.prototype.first = function () {
    return this[0];
  };
  Object.prototype.extendedBy = function (more) {
    return Object.assign(this, more);
  };

  // Polyfills that overwrite what was there and are worse than it.
  Array.prototype.includes = function (wanted) {
    return this.indexOf(wanted) > 0;
  };
  Array.from = (list) => [].slice.call(list);
  Function.prototype.bind = function (self) {
    return (...all) => this.apply(self, all);
  };
  Date.prototype.toJSON = function () {
    return this.getTime();
  };

  // Measuring tools wrap what speaks to the network.
  const fetched = window.fetch;
  window.fetch = (...all) => Promise.resolve().then(() => fetched.apply(window, all));
  const post = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (...all) {
    return post.apply(this, all);
  };

  // Names that module loaders and templates look for.
  window.define = Object.assign(() => {}, { amd: {} });
  window.exports = {};
  window.module = { exports: window.exports };
  window.h = window.$ = window._ = () => null;
  window.name = '{"SupportChat":"mine"}';
  window.state = window.config = window.widget = 1;

  // A log that says nothing, and errors that nobody is to see.
  window.console = { ...window.console, debug: () => undefined, log: () => undefined };
  window.onerror = () => true;

  // A shortcut on every letter, guarded only by the name of the element that it thinks is typed into.
  document.addEventListener("keydown", (event) => {
    if (event.target instanceof Element && /^(INPUT|TEXTAREA)$/.test(event.target.tagName)) return;
    if (event.key === "s") {
      event.preventDefault();
      document.getElementById("find").focus();
    } else if (/^[a-z ]$/.test(event.key)) {
      event.preventDefault();
      document.title = `Shortcut ${event.key}`;
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("war-close").addEventListener("click", (event) => event.target.parentElement.remove());
    // Some tidy up whatever they did not put there.
    new MutationObserver((changes) => {
      for (const change of changes) {
        for (const node of change.addedNodes) {
          if (node instanceof Element) node.setAttribute("data-seen-by-page", "");
        }
      }
    }).observe(document.body, { childList: true });
  });
})();
