"""Take from installed packages (its one argument is their folder) what no server loads, for the image.

Wheels of compiled packages carry their debug information, up to nine tenths of a library; the loader reads none of it.
It needs nothing but Python, so that the image can be built on any base (binutils would have to be fetched).
"""

from __future__ import annotations

import shutil
import struct
import sys
from pathlib import Path
from typing import Final

_ELF64_LITTLE: Final = b"\x7fELF\x02\x01"
_SECTION_HEADERS: Final = (0x28, "<Q")
"""Where an ELF64 head tells the offset of the section headers; sections are for linkers and debuggers alone."""
_SECTION_COUNTS: Final = (0x3C, "<HH")

# What packages bring along for their own tests, and what of Pillow we have no use for: pictures are decoded and written
# again, in three formats, and nothing is drawn (each decoder less is one less to attack). Code gets our own classes.
_UNUSED: Final = (
    "*/tests",
    "*/testing",
    "PIL/_avif*.so",
    "PIL/_imagingft*.so",
    "PIL/_imagingtk*.so",
    "pillow.libs/libavif-*",
    "pillow.libs/libfreetype-*",
    "pillow.libs/libharfbuzz-*",
    "pygments/formatters/[!_]*",
    "pygments/styles/[!_]*",
)

_LEXERS: Final = frozenset(
    {
        "__init__", "_cocoa_builtins", "_css_builtins", "_googlesql_builtins", "_lilypond_builtins",
        "_lua_builtins", "_mapping", "_mysql_builtins", "_php_builtins", "_postgres_builtins",
        "_scheme_builtins", "_sql_builtins", "_tsql_builtins", "c_cpp", "configs", "css", "data", "diff",
        "dotnet", "erlang", "go", "haskell", "html", "javascript", "jvm", "lilypond", "lisp", "make",
        "markup", "objective", "perl", "php", "python", "r", "ruby", "rust", "scripting", "shell", "sql",
    }
)  # fmt: skip
"""What colouring the languages of ``core/highlighting.py`` loads; Pygments knows five hundred more."""


def lighten(folder: Path) -> None:
    """Remove what is not loaded, under a folder of installed packages."""
    for pattern in _UNUSED:
        for path in folder.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    for path in folder.glob("pygments/lexers/**/*.py*"):
        if path.name.split(".")[0] not in _LEXERS:
            path.unlink()
    for path in folder.rglob("*.so*"):
        if path.is_file() and not path.is_symlink():
            kept = loaded_part(path.read_bytes())
            path.write_bytes(kept)


def loaded_part(library: bytes) -> bytes:
    """Return a shared library up to the end of what its program headers have loaded; other files as they are."""
    if not library.startswith(_ELF64_LITTLE):
        return library
    (headers_at,) = struct.unpack_from("<Q", library, 0x20)
    size, count = struct.unpack_from("<HH", library, 0x36)
    end = headers_at + size * count
    for number in range(count):
        # p_offset and p_filesz of an Elf64_Phdr.
        offset, _, _, length = struct.unpack_from("<QQQQ", library, headers_at + number * size + 0x08)
        end = max(end, offset + length)
    kept = bytearray(library[:end])
    struct.pack_into(_SECTION_HEADERS[1], kept, _SECTION_HEADERS[0], 0)
    struct.pack_into(_SECTION_COUNTS[1], kept, _SECTION_COUNTS[0], 0, 0)
    return bytes(kept)


if __name__ == "__main__":
    lighten(Path(sys.argv[1]))
