import { Download, X } from "lucide";
import type { Texts } from "../core/texts";
import type { File as SentFile } from "../protocol.gen";
import { button, element } from "../widget/elements";
import type { FileSource } from "./shown";

/** Shows a picture large, over everything, until Escape, the button or a press beside it. `root` holds the sheet. */
export function view(file: SentFile, source: FileSource, { text }: Texts, root: Element | ShadowRoot): void {
  const dialog = element("dialog", "viewer");
  const box = element("div", "viewer-picture");
  const name = element("bdi", "viewer-name", file.name);
  dialog.ariaLabel = file.name;
  box.role = "img";
  box.ariaLabel = file.name;
  const { width, height } = file;
  if (width && height) {
    // As large as it is, or as there is room: known before it comes.
    box.style.aspectRatio = `${width} / ${height}`;
    box.style.inlineSize = `min(${width}px, 100%, calc((100dvh - 88px) * ${width / height}))`;
  }
  dialog.append(
    element(
      "div",
      "viewer-bar",
      name,
      button("viewer-button", text("Download"), () => source.save(file), Download),
      button("viewer-button", text("Close"), () => dialog.close(), X),
    ),
    element("div", "viewer-room", box),
  );
  dialog.onclick = ({ target }) => {
    if (target === dialog || (target as Element).className === "viewer-room") dialog.close();
  };
  // Escape closes this and nothing around it.
  dialog.onkeydown = (event) => event.stopPropagation();
  dialog.onclose = () => dialog.remove();
  root.append(dialog);
  dialog.showModal();
  source.show(file, box, false);
}
