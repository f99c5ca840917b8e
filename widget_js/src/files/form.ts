/** The field of a plain form that brings files, with a script: they go at once, and the form names them. */

import { Texts, type TextTable } from "../core/texts";
import { acceptFiles } from "./attach";
import { Attachments } from "./attachments";

/** This part's own texts, put in by the build. */
declare const PART_TEXTS: Readonly<Record<string, TextTable>>;

/** As the protocol has it. */
const MOST = 10;

/** Takes over `field` (`files_field` of the templates) of a form; once is enough. */
export function attachToForm(field: HTMLElement, language: string): void {
  const form = field.closest("form");
  const input = field.querySelector<HTMLInputElement>("input[type=file]");
  const ids = field.querySelector<HTMLInputElement>("[name=file_ids]");
  const address = field.dataset["files"];
  if (!form || !input || !ids || address === undefined) return;
  const texts = new Texts(language, PART_TEXTS[language] ?? {});
  const kept = ids.value.split(" ").filter(Boolean);
  const csrf = form.querySelector<HTMLInputElement>("[name=csrf]")?.value ?? "";
  const attachments = new Attachments({
    base: address.replace(/\/files$/, ""),
    cookies: true,
    proof: () => ({ "X-CSRF": csrf }),
    place: () => ({}),
    texts,
    // How large one may be is for the server to say: the page does not know it.
    limits: () => ({ files: MOST - kept.length, file_bytes: Number.POSITIVE_INFINITY }),
    changed: () => {
      ids.value = [...kept, ...attachments.ready.map(({ id }) => id)].join(" ");
    },
    focus: () => input.focus(),
  });
  const taken = (files: readonly File[]): void => attachments.add(files);
  input.after(attachments.node);
  input.addEventListener("change", () => {
    taken([...(input.files ?? [])]);
    // The form names them; it need not bring them too.
    input.value = "";
  });
  acceptFiles({
    text: texts.text,
    zone: form,
    box: form,
    allowed: () => true,
    taken,
    signal: new AbortController().signal,
  });
  form.addEventListener(
    "submit",
    (event) => {
      if (!attachments.hold(() => form.requestSubmit(event.submitter))) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    { capture: true },
  );
  form.addEventListener("input", () => attachments.forget());
}
