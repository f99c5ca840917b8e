import type { File as SentFile } from "../protocol.gen";
import { element } from "../widget/elements";
import { draw } from "./picture";
import type { FileSource } from "./shown";

const addressOf = (base: string, { id }: SentFile, small = false): string =>
  `${base}/files/${id}${small ? "/small" : ""}`;

/** For pages of the server's own: whoever asks is known by the cookie. */
export function cookieSource(base: string): FileSource {
  return {
    address: (file) => addressOf(base, file),
    show(file, box, small) {
      const image = element("img");
      image.alt = "";
      image.decoding = "async";
      if (small) image.loading = "lazy";
      image.onload = () => box.replaceChildren(image);
      // A picture that is small itself has no smaller copy.
      image.onerror = () => {
        image.onerror = null;
        if (small) image.src = addressOf(base, file);
      };
      // A lazy picture that stands nowhere is never fetched.
      box.append(image);
      image.src = addressOf(base, file, small);
    },
    save(file) {
      const link = element("a");
      link.href = addressOf(base, file);
      link.download = file.name;
      link.click();
    },
  };
}

/** For the widget on other people's pages: whoever asks is known by a token, which no address carries. */
export function tokenSource(base: string, proof: () => Readonly<Record<string, string>>): FileSource {
  async function fetched(file: SentFile, small = false): Promise<Blob> {
    const answer = await fetch(addressOf(base, file, small), { headers: proof(), credentials: "omit" });
    if (!answer.ok) throw new Error("refused");
    return answer.blob();
  }
  return {
    address: () => undefined,
    show(file, box, small) {
      const canvas = element("canvas");
      const load = async (): Promise<void> => {
        const { width, height } = box.getBoundingClientRect();
        // A picture that is small itself has no smaller copy.
        const blob = await fetched(file, small).catch(() => fetched(file));
        await draw(canvas, blob, width, height);
        box.replaceChildren(canvas);
      };
      // What nobody scrolls to is not fetched.
      const seen = new IntersectionObserver((entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        seen.disconnect();
        load().catch(() => {
          // Its name and its sign stay.
        });
      });
      seen.observe(box);
    },
    save(file) {
      void fetched(file).then((blob) => {
        const link = element("a");
        link.href = URL.createObjectURL(blob);
        link.download = file.name;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      });
    },
  };
}
