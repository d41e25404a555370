"""Faxes in PDF files, in every coding that PDF has, are read as viewers show them; those that end early are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pikepdf import Dictionary, Name

from docsr.errors import PageError
from docsr.io.pdf.scans import open_scans
from docsr.page import Pixels
from tests.io.pdf.fax_codes import END_OF_LINE, alone, as_bytes, beside, black_rows, whole_bytes
from tests.io.pdf.files import BITS, HEIGHT, WIDTH, as_rgb, doubled, fax, image_of, made, shown, tiff_strip

ROWS = black_rows(BITS)
ALONE = [alone(row) for row in ROWS]
END_OF_PAGE = END_OF_LINE * 2


def group_4(rows: list[list[int]]) -> Iterator[str]:
    above = [0] * WIDTH
    for row in rows:
        yield beside(row, above)
        above = row


def mixed(each: int) -> Iterator[str]:
    """Every so many rows one alone, the others beside the row above, each with the bit that says which."""
    for number, row in enumerate(ROWS):
        yield f"1{alone(row)}" if number % each == 0 else f"0{beside(row, ROWS[number - 1])}"


def after_fill(rows: Iterator[str] | list[str]) -> str:
    """Each row after an end of line that ends with a whole byte."""
    code = ""
    for row in rows:
        code += "0" * ((4 - len(code)) % 8) + END_OF_LINE + row
    return code


def lines(rows: Iterator[str] | list[str]) -> str:
    return "".join(END_OF_LINE + row for row in rows)


FOUR, FOUR_ROWS = "".join(group_4(ROWS)), [whole_bytes(row) for row in group_4(ROWS)]
CODINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "group 4": (FOUR + END_OF_PAGE, {"K": -1}),
    "group 4 without an end": (FOUR, {"K": -1}),
    "group 4 in aligned rows": ("".join(FOUR_ROWS) + END_OF_PAGE, {"K": -1, "EncodedByteAlign": True}),
    "group 4 in aligned rows without an end": ("".join(FOUR_ROWS), {"K": -1, "EncodedByteAlign": True}),
    "group 4, wrongly said to be aligned": (FOUR + END_OF_PAGE, {"K": -1, "EncodedByteAlign": True}),
    "group 3 without ends of lines": ("".join(ALONE), {"K": 0}),
    "group 3 with the end of the page alone": ("".join(ALONE) + END_OF_LINE * 6, {"K": 0}),
    "group 3 in aligned rows": ("".join(map(whole_bytes, ALONE)), {"K": 0, "EncodedByteAlign": True}),
    "group 3": (lines(ALONE) + END_OF_LINE * 6, {"K": 0, "EndOfLine": True}),
    "group 3 without an end": (lines(ALONE), {"K": 0, "EndOfLine": True}),
    "group 3, ends of lines not said": (lines(ALONE), {"K": 0}),
    "group 3, lines ended and not begun": ("".join(row + END_OF_LINE for row in ALONE), {"K": 0, "EndOfLine": True}),
    "group 3, ends of lines aligned": (after_fill(ALONE), {"K": 0, "EndOfLine": True, "EncodedByteAlign": True}),
    "group 3, ends of lines aligned, not said": (after_fill(ALONE), {"K": 0}),
    "two-dimensional": (lines(mixed(4)), {"K": 4, "EndOfLine": True}),
    "two-dimensional without ends of lines": ("".join(mixed(4)), {"K": 4}),
    "two-dimensional in aligned rows": ("".join(map(whole_bytes, mixed(4))), {"K": 4, "EncodedByteAlign": True}),
    "two-dimensional, ends of lines aligned": (
        after_fill(mixed(2)), {"K": 2, "EndOfLine": True, "EncodedByteAlign": True}
    ),
    "two-dimensional, rows all alone": ("".join(mixed(1)), {"K": 1}),
}  # fmt: skip


def read(path: Path) -> Pixels:
    with open_scans(path) as scans:
        page = scans.leaves[0].read()
    assert page.bilevel
    return page.pixels


@pytest.mark.parametrize("black", [False, True], ids=["white is 1", "black is 1"])
@pytest.mark.parametrize("name", CODINGS)
def test_a_fax_is_read_as_it_is_shown(tmp_path: Path, name: str, black: bool):
    code, parameters = CODINGS[name]
    path = made(tmp_path / "a.pdf", fax(as_bytes(code), BlackIs1=black, **parameters))
    pixels = read(path)
    assert np.array_equal(pixels, 255 - BITS if black else BITS)
    assert np.array_equal(as_rgb(pixels), shown(path))


@pytest.mark.parametrize("lacking", [20, 50, 10_000])
@pytest.mark.parametrize("name", CODINGS)
def test_a_fax_that_ends_early_is_damaged(tmp_path: Path, name: str, lacking: int):
    code, parameters = CODINGS[name]
    data = as_bytes(code.removesuffix(END_OF_LINE * 6).removesuffix(END_OF_PAGE))
    path = made(tmp_path / "a.pdf", fax(data[: max(0, len(data) - lacking)], **parameters))
    with open_scans(path) as scans, pytest.raises(PageError, match=r"page 1, could not be read: its image is damaged"):
        scans.leaves[0].read()


def test_a_fax_of_fewer_rows_than_it_says_is_white_below(tmp_path: Path):
    code = "".join(group_4(ROWS[:60])) + END_OF_PAGE
    pixels = read(made(tmp_path / "a.pdf", fax(as_bytes(code))))
    assert np.array_equal(pixels[:60], BITS[:60])
    assert pixels[60:].min() == 255


def test_group_4_of_which_the_decoder_loses_the_thread_is_damaged(tmp_path: Path):
    """libtiff fills up with white, and says nothing."""
    data = bytearray(tiff_strip(BITS, "group4"))
    data[21] ^= 166
    path = made(tmp_path / "a.pdf", fax(bytes(data)))
    with open_scans(path) as scans, pytest.raises(PageError, match="its image is damaged"):
        scans.leaves[0].read()


def test_rows_may_be_longer_than_the_image_and_may_not_be_shorter(tmp_path: Path):
    for columns, kind in ((WIDTH, 0), (20, 0), (20, -1)):
        code = "".join(ALONE) if kind == 0 else FOUR
        path = made(tmp_path / "a.pdf", fax(as_bytes(code), K=kind, Columns=columns))
        with open_scans(path) as scans:
            if columns == WIDTH:
                assert np.array_equal(scans.leaves[0].read().pixels, BITS)
            else:
                with pytest.raises(PageError, match="wider than its rows"):
                    scans.leaves[0].read()


def test_such_a_fax_is_enlarged(tmp_path: Path):
    path = made(tmp_path / "a.pdf", fax(as_bytes("".join(ALONE)), K=0))
    with open_scans(path) as scans:
        (leaf,) = scans.leaves
        leaf.replace(doubled(leaf.read()))
        scans.save(tmp_path / "b.pdf")
    with open_scans(tmp_path / "b.pdf") as scans:
        assert scans.leaves[0].read().pixels.shape == (2 * HEIGHT, 2 * WIDTH)


def test_rows_of_no_stated_length_have_1728_pixels(tmp_path: Path):
    """That is what PDF says (ISO 32000-1, table 11), and what faxes have."""
    page = np.full((HEIGHT, 1728), 255, np.uint8)
    page[:, :WIDTH] = BITS
    data = tiff_strip(page, "group3")
    path = made(
        tmp_path / "a.pdf",
        lambda pdf: image_of(pdf, data, bits=1, filter=Name.CCITTFaxDecode, parms=Dictionary(K=0), size=(1728, HEIGHT)),
    )
    assert np.array_equal(read(path), page)
