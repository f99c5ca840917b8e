"""What a file says of itself before anybody decodes it, and the picture of who has none."""

from __future__ import annotations

import io
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from widget_server.core.errors import Unacceptable
from widget_server.core.pictures import MAX_BYTES, Shape, check_picture, drawn, initials, shape_of

SIGNATURES = (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", b"\xff\xd8\xff\xe0", b"RIFF\x00\x00\x00\x00WEBPVP8X", b"")


def encoded(kind: str, width: int, height: int, **how: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(written, kind, **how)
    return written.getvalue()


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "comment": "x" * 300}),
        ("WEBP", {}),
        ("GIF", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00"}),
    ],
)
def test_kind_and_size_are_read_from_the_header(kind: str, how: dict[str, object]) -> None:
    assert shape_of(encoded(kind, 321, 123, **how)) == Shape(kind, 321, 123)  # type: ignore[arg-type]  # a kind


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO"])
def test_other_kinds_are_none(kind: str) -> None:
    assert shape_of(encoded(kind, 32, 32)) is None


@given(st.sampled_from(SIGNATURES), st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(signature: bytes, rest: bytes) -> None:
    shape = shape_of(signature + rest)
    assert shape is None or shape.kind in {"PNG", "JPEG", "WEBP"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"GIF89a" + bytes(100),
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff" + b"\xff" * 50,
        b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(50),
        encoded("PNG", 8, 8) + bytes(MAX_BYTES),
    ],
)
def test_s0_14_what_is_no_picture_by_its_content_is_refused(data: bytes) -> None:
    with pytest.raises(Unacceptable, match="bad_picture"):
        check_picture(data)


@pytest.mark.parametrize(("kind", "side"), [("PNG", 3001), ("JPEG", 5001), ("WEBP", 2237)])
def test_s30_pixels_are_counted_before_anything_is_decoded(kind: str, side: int) -> None:
    with pytest.raises(Unacceptable, match="too_many_pixels"):
        check_picture(encoded(kind, side, side))


def test_s2_21_the_drawn_picture_is_the_same_for_ever_and_differs_between_people() -> None:
    assert drawn("a-1", "Ada Byron") == drawn("a-1", "Ada Byron")
    colours = {drawn(f"person-{number}", "Ada") for number in range(40)}
    assert len(colours) > 6


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ada Byron", "AB"), ("ada", "A"), ("Ada King Lovelace", "AL"), ("", ""), ("  ", ""), ("<&", "<")],
)
def test_initials_are_the_first_of_the_first_and_the_last_word(name: str, letters: str) -> None:
    assert initials(name) == letters


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=20))
def test_s24_a_name_cannot_leave_the_text_of_its_picture(name: str) -> None:
    picture = ET.fromstring(drawn("somebody", name))
    assert [child.tag.rpartition("}")[2] for child in picture] == ["rect", "text"]
