import { File as FileSign, X } from "lucide";
import type { Texts } from "../core/texts";
import { button, element } from "../widget/elements";
import { icon } from "../widget/icon";
import { preview } from "./picture";
import { saidSize } from "./size";
import type { Upload } from "./upload";
import type { Uploads } from "./uploads";

const PREVIEW_PX = 40;

interface Row {
  readonly node: HTMLLIElement;
  readonly said: HTMLElement;
  readonly bar: HTMLProgressElement;
  readonly again: HTMLButtonElement;
  readonly stop: HTMLButtonElement;
}

/** The row of chosen files above the text: what each is, how far it is, and why one cannot go. */
export class Tray {
  readonly node = element("div", "tray");
  #texts: Texts;
  #uploads: Uploads;
  #list = element("ul");
  // A live region exists before it says anything.
  #status = element("p", "tray-said");
  #rows = new Map<Upload, Row>();

  /** `emptied` is called when the last file was taken out by hand: whoever stood on its button stands nowhere then. */
  constructor(uploads: Uploads, texts: Texts, emptied: () => void) {
    this.#uploads = uploads;
    this.#texts = texts;
    this.#emptied = emptied;
    this.#list.ariaLabel = texts.text("Files that go with it");
    this.#status.role = "status";
    this.node.append(this.#list, this.#status);
    this.node.hidden = true;
  }

  #emptied: () => void;

  /** Shows the list as it is. `asked`: somebody wants to send and waits for the files. */
  update(asked: boolean): void {
    const { list } = this.#uploads;
    for (const [upload, { node }] of this.#rows) {
      if (list.includes(upload)) continue;
      node.remove();
      this.#rows.delete(upload);
    }
    for (const upload of list) this.#show(upload, this.#rows.get(upload) ?? this.#make(upload));
    const said = this.#sentence(asked);
    // Said again only when it is something else.
    if (this.#status.textContent !== said) this.#status.textContent = said;
    this.#list.hidden = !list.length;
    this.node.hidden = !list.length && !said;
  }

  #sentence(asked: boolean): string {
    const { list, ready, refused, surplus, waits } = this.#uploads;
    const coming = list.filter(({ phase }) => phase !== "ready" && phase !== "refused").length;
    const { count, text } = this.#texts;
    if (surplus)
      return count(surplus, "{n} file is too many for one message.", "{n} files are too many for one message.");
    if (!list.length) return "";
    if (asked && refused) return text("Remove the file that cannot be sent, or try it again.");
    if (list.some(({ cut }) => cut)) return text("The connection is cut. The upload goes on by itself.");
    if (asked && waits) return text("Sends as soon as everything is uploaded.");
    if (waits) return count(coming, "Uploading {n} file", "Uploading {n} files");
    if (refused) return text("A file cannot be sent.");
    return count(ready.length, "{n} file is ready to send", "{n} files are ready to send");
  }

  #make(upload: Upload): Row {
    const { name } = upload.file;
    const { text } = this.#texts;
    const said = element("small");
    const bar = element("progress");
    bar.max = upload.file.size;
    bar.ariaLabel = name;
    const again = button("text-button link", text("Try again"), () => this.#uploads.again(upload));
    const stop = button("tray-stop", text("Remove {name}", { name }), () => this.#remove(upload), X);
    const title = element("bdi", "tray-name", name);
    title.title = name;
    const node = element(
      "li",
      "",
      preview(upload.file, PREVIEW_PX, icon(FileSign)),
      element("div", "tray-text", title, said, bar, again),
      stop,
    );
    const row = { node, said, bar, again, stop };
    this.#rows.set(upload, row);
    this.#list.append(node);
    return row;
  }

  #show({ phase, sent, reason, file }: Upload, { node, said, bar, again }: Row): void {
    const { language, text } = this.#texts;
    const words = {
      waiting: saidSize(file.size, language),
      sending: saidSize(file.size, language),
      checking: text("Being checked"),
      ready: saidSize(file.size, language),
      refused: reason,
    }[phase];
    if (said.textContent !== words) said.textContent = words;
    node.className = phase;
    bar.hidden = phase !== "sending" && phase !== "checking" && phase !== "waiting";
    if (phase === "checking") bar.removeAttribute("value");
    else bar.value = sent;
    again.hidden = phase !== "refused";
  }

  #remove(upload: Upload): void {
    const { list } = this.#uploads;
    const next = list[list.indexOf(upload) + 1] ?? list[list.indexOf(upload) - 1];
    this.#uploads.cancel(upload);
    const stop = next && this.#rows.get(next)?.stop;
    if (stop) stop.focus();
    else this.#emptied();
  }
}
