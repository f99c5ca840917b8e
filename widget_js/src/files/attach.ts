import { Paperclip } from "lucide";
import type { Texts } from "../core/texts";
import { button, element } from "../widget/elements";

/** Ways to hand over files. */
export interface AttachOptions {
  readonly text: Texts["text"];
  /** Where files may be dropped; the sign that says so is put into it. */
  readonly zone: HTMLElement;
  /** Where one writes: a picture that is pasted there is a file. */
  readonly box: HTMLElement;
  /** Whether files are taken now. */
  allowed(): boolean;
  taken(files: readonly File[]): void;
  readonly signal: AbortSignal;
}

/** A button that opens the browser's chooser. */
export function chooser(text: Texts["text"], className: string, taken: (files: readonly File[]) => void): HTMLElement {
  const input = element("input", "file-input");
  input.type = "file";
  input.multiple = true;
  // The button is what is seen and named.
  input.hidden = true;
  input.onchange = () => {
    taken([...(input.files ?? [])]);
    input.value = "";
  };
  const opener = button(className, text("Attach files"), () => input.click(), Paperclip);
  return element("span", "file-chooser", opener, input);
}

/** Takes what is dropped onto `zone` or pasted into `box`. */
export function acceptFiles({ text, zone, box, allowed, taken, signal }: AttachOptions): void {
  const sign = element("div", "drop-sign", element("p", "", text("Drop files here")));
  sign.hidden = true;
  sign.ariaHidden = "true";
  zone.append(sign);
  signal.addEventListener("abort", () => sign.remove());
  /** Entering a child comes before leaving its parent: only the balance says whether the pointer is still above. */
  let depth = 0;
  const show = (shown: boolean): void => {
    if (!shown) depth = 0;
    sign.hidden = !shown;
  };
  const on = <Name extends keyof HTMLElementEventMap>(
    target: HTMLElement,
    name: Name,
    heard: (event: HTMLElementEventMap[Name]) => void,
  ): void => target.addEventListener(name, heard, { signal });
  on(zone, "dragenter", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth++;
    if (allowed()) show(true);
  });
  on(zone, "dragleave", (event) => {
    if (carriesFiles(event) && --depth <= 0) show(false);
  });
  on(zone, "dragover", (event) => {
    // Also where none are taken: the browser would leave the page for the file.
    if (!carriesFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = allowed() ? "copy" : "none";
  });
  on(zone, "drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    show(false);
    if (allowed()) taken([...(event.dataTransfer?.files ?? [])]);
  });
  on(box, "paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    // Where a text comes along the picture is only how the text looks.
    if (!files.length || !allowed() || event.clipboardData?.getData("text/plain")) return;
    event.preventDefault();
    taken(files);
  });
}

function carriesFiles({ dataTransfer }: DragEvent): boolean {
  // Arrays of pages are not to be trusted with `includes`: some replace it by something worse.
  return dataTransfer !== null && [...dataTransfer.types].indexOf("Files") >= 0;
}
