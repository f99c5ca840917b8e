"""How each language writes the sizes of files. Generated from CLDR by `make generate`."""

from __future__ import annotations

from typing import Final

SIZE_WORDS: Final = {
    "ar": (
        ".",
        "{} \u0628",
        "{} \u0643\u064a\u0644\u0648\u0628\u0627\u064a\u062a",
        "{} \u0645.\u0628",
        "{} \u063a.\u0628",
    ),
    "de": (",", "{} B", "{} kB", "{} MB", "{}\xa0GB"),
    "en": (".", "{}B", "{} kB", "{} MB", "{} GB"),
    "es": (",", "{}B", "{} kB", "{} MB", "{} GB"),
    "fr": (",", "{}o", "{}\u202fko", "{}\u202fMo", "{}\u202fGo"),
    "it": (",", "{}B", "{} kB", "{} MB", "{} GB"),
    "nl": (",", "{} byte", "{} kB", "{} MB", "{} GB"),
    "pl": (",", "{} B", "{} kB", "{} MB", "{} GB"),
    "pt": (",", "{} B", "{} kB", "{} MB", "{} GB"),
}
