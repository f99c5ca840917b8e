import { letNoticesGo } from "../notices";

/** What the server says a page looks like now, put into the one that is read: only what has changed is touched. */

const REPLIES = "details.replies";
const FORM = "form.reply";
const FOCUSABLE = "a,button,input,select,textarea,summary";

/** Whether somebody writes in this part of a page: nothing of theirs is ever replaced. */
export function isWriting(part: ParentNode): boolean {
  return [...part.querySelectorAll<HTMLInputElement>("textarea,input:not([type=hidden])")].some((field) =>
    field.matches("[type=checkbox],[type=radio]")
      ? field.checked !== field.defaultChecked
      : field.value !== field.defaultValue || (field.tagName === "TEXTAREA" && field === document.activeElement),
  );
}

/** What belongs to a post itself: its replies, and the form of an answer that was opened in it, stay where they are. */
const own = (post: Element): Element[] => [...post.children].filter((part) => !part.matches(`${REPLIES},${FORM}`));

/** Runs a change of the post so that the focus stays on the same button or link of it, and a menu stays open. */
function keepFocus(post: Element, change: () => void): void {
  const menus = (): HTMLDetailsElement[] => own(post).flatMap((part) => [...part.querySelectorAll("details")]);
  const open = menus().map((menu) => menu.open);
  const places = (): HTMLElement[] => own(post).flatMap((part) => [...part.querySelectorAll<HTMLElement>(FOCUSABLE)]);
  const place = places().indexOf(document.activeElement as HTMLElement);
  change();
  for (const [at, menu] of menus().entries()) menu.open = open[at] ?? menu.open;
  places()[place]?.focus({ preventScroll: true });
}

function change(post: Element, fresh: Element): void {
  const old = own(post);
  const put = (): void => {
    post.className = fresh.className;
    post.prepend(...own(fresh));
    for (const part of old) part.remove();
  };
  if (!MEMBERS) put();
  else if (!old.some(isWriting)) keepFocus(post, put);
}

const here = (there: Element | null): HTMLElement | null => there && document.getElementById(there.id);

/** Puts a new post where the server has it: behind its siblings, under the post that it answers. */
function place(post: Element): void {
  const among = post.parentElement as Element;
  const parent = among.closest("article");
  const above = parent ? here(parent) : document.querySelector(".answers");
  let into = parent ? above?.querySelector(`:scope>${REPLIES}`) : above;
  if (!into) {
    into = among.cloneNode() as Element;
    into.append(among.firstElementChild as Element);
    above?.append(into);
  }
  let next = post.nextElementSibling;
  while (next && !here(next)) next = next.nextElementSibling;
  into.insertBefore(post, here(next));
}

/** Takes what the server has sent: changed posts and parts, and (`adds`) new posts, of which the first is the answer. */
export function merge(fresh: Document, adds: boolean): Element | undefined {
  let first: Element | undefined;
  for (const post of fresh.querySelectorAll("article[id]")) {
    const known = here(post);
    if (known) change(known, post);
    else if (adds) {
      place(post);
      first ??= post;
    }
  }
  for (const part of document.querySelectorAll<HTMLElement>("[data-part]")) {
    const now = fresh.querySelector(`[data-part=${part.dataset["part"]}]`);
    // There is one form for answers: where it was opened under a post, none comes to the end.
    if (
      now &&
      !(MEMBERS && (isWriting(part) || (now.querySelector(FORM) && document.querySelector(`article ${FORM}`))))
    )
      part.replaceWith(now);
  }
  if (MEMBERS) {
    const told = [...fresh.querySelectorAll(".notice")];
    if (told.length) document.querySelector(".notices")?.replaceChildren(...told);
    letNoticesGo(document);
  }
  return first;
}
