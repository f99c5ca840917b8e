"""How files get into a page by hand: dragged onto it, pasted into it."""

from __future__ import annotations

import io
from base64 import b64encode
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from playwright.async_api import FilePayload, Locator

_HAND_OVER = """
(target, [way, files]) => {
  const data = new DataTransfer();
  for (const [name, type, bytes] of files)
    data.items.add(new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], name, { type }));
  const common = { bubbles: true, composed: true, cancelable: true };
  if (way === "paste") target.dispatchEvent(new ClipboardEvent("paste", { ...common, clipboardData: data }));
  else target.dispatchEvent(new DragEvent(way, { ...common, dataTransfer: data }));
}
"""

File = tuple[str, str, bytes]
"""Name, type as a browser guesses it, bytes."""


def picture(name: str = "plum.png", width: int = 640, height: int = 400, colour: str = "purple") -> File:
    """A picture of one colour."""
    written = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(written, "PNG")
    return name, "image/png", written.getvalue()


async def _hand_over(target: Locator, way: str, files: tuple[File, ...]) -> None:

    told = [[name, kind, b64encode(data).decode()] for name, kind, data in files]
    await target.evaluate(_HAND_OVER, [way, told])


async def drag(target: Locator, *files: File) -> None:
    """Hold files above ``target``."""
    for way in ("dragenter", "dragover"):
        await _hand_over(target, way, files)


async def drop(target: Locator, *files: File) -> None:
    """Drag files onto ``target`` and let go."""
    await drag(target, *files)
    await _hand_over(target, "drop", files)


async def paste(target: Locator, *files: File) -> None:
    """Paste files into ``target``."""
    await _hand_over(target, "paste", files)


def chosen(*files: File) -> list[FilePayload]:
    """What Playwright's ``set_input_files`` takes."""
    return [{"name": name, "mimeType": kind, "buffer": data} for name, kind, data in files]
