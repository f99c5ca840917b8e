/** A file of more bytes is not decoded only to be shown small. */
const PREVIEW_BYTES = 20_000_000;

/**
 * Draws a picture into `canvas`, as large as it stands there at most. A drawing needs no address, so it shows under any
 * policy of the page around it, and nothing is held of the picture but what is seen.
 */
export async function draw(canvas: HTMLCanvasElement, picture: Blob, width: number, height: number): Promise<void> {
  const density = globalThis.devicePixelRatio || 1;
  const decoded = await createImageBitmap(picture);
  const scale = Math.min(1, (width * density) / decoded.width, (height * density) / decoded.height);
  canvas.width = Math.max(1, Math.round(decoded.width * scale));
  canvas.height = Math.max(1, Math.round(decoded.height * scale));
  const paper = canvas.getContext("2d");
  if (paper) {
    paper.imageSmoothingQuality = "high";
    paper.drawImage(decoded, 0, 0, canvas.width, canvas.height);
  }
  decoded.close();
}

/** What a chosen file looks like, where that can be seen; without one `instead` stays. */
export function preview(file: File, side: number, instead: Node): HTMLElement {
  const box = document.createElement("span");
  box.className = "file-mark";
  box.append(instead);
  if (file.type.startsWith("image/") && file.size <= PREVIEW_BYTES) {
    const canvas = document.createElement("canvas");
    draw(canvas, file, side, side).then(
      () => box.replaceChildren(canvas),
      () => {
        // Not a picture that this browser knows: its sign stays.
      },
    );
  }
  return box;
}
