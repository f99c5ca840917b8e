import { File as FileSign, Image } from "lucide";
import type { File as SentFile } from "../protocol.gen";
import { element } from "../widget/elements";
import { icon } from "../widget/icon";
import { saidSize } from "./size";

const WIDTH_PX = 240;
const HEIGHT_PX = 200;
const SIDE_MIN_PX = 48;

/** Where the bytes of files come from. */
export interface FileSource {
  /** Where one can be opened; undefined where it has to be fetched with a token. */
  address(file: SentFile): string | undefined;
  /** Puts what a picture looks like into `box`, whose size is fixed; `small`: as it stands in a message. */
  show(file: SentFile, box: HTMLElement, small: boolean): void;
  /** Hands the bytes over to be kept. */
  save(file: SentFile): void;
}

/** What is done with files in a message. */
export interface Shown {
  readonly source: FileSource;
  /** BCP 47 tag. */
  readonly language: string;
  /** Shows a picture large. */
  open(file: SentFile): void;
}

/** The files of one message: pictures at a size that is known before they come, others by name and size. */
export function filesNode(files: readonly SentFile[], shown: Shown): HTMLElement {
  const list = element("ul", "files");
  for (const file of files)
    list.append(element("li", "", file.kind === "picture" ? picture(file, shown) : other(file, shown)));
  return list;
}

function picture(file: SentFile, shown: Shown): HTMLElement {
  const { language, source } = shown;
  const opener = control(file, source, () => shown.open(file));
  const [width, height] = fitted(file.width ?? WIDTH_PX, file.height ?? HEIGHT_PX);
  opener.classList.add("file-picture");
  opener.ariaLabel = opener.title = `${file.name}, ${saidSize(file.size, language)}`;
  opener.style.inlineSize = `${width}px`;
  opener.style.aspectRatio = `${width} / ${height}`;
  opener.append(icon(Image));
  source.show(file, opener, true);
  return opener;
}

function other(file: SentFile, { language, source }: Shown): HTMLElement {
  const opener = control(file, source, () => source.save(file));
  opener.classList.add("file-other");
  const mark = element("span", "file-mark", icon(FileSign));
  const name = element("bdi", "", file.name);
  opener.append(mark, element("span", "file-name", name, element("small", "", saidSize(file.size, language))));
  return opener;
}

/** A link where there is an address, so that it opens as links do; else a button. */
function control(file: SentFile, source: FileSource, run: () => void): HTMLElement {
  const address = source.address(file);
  if (address === undefined) {
    const made = element("button", "file");
    made.type = "button";
    made.onclick = run;
    return made;
  }
  const made = element("a", "file");
  made.href = address;
  if (file.kind === "other") {
    made.download = file.name;
    return made;
  }
  made.target = "_blank";
  made.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    run();
  };
  return made;
}

/** The size at which a picture of `width` × `height` stands in a message. */
export function fitted(width: number, height: number): readonly [width: number, height: number] {
  const scale = Math.min(1, WIDTH_PX / width, HEIGHT_PX / height);
  const side = (length: number): number => Math.max(SIDE_MIN_PX, Math.round(length * scale));
  return [side(width), side(height)];
}
