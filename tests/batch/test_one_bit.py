"""Which pages of one bit stay so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image

from docsr.batch.one_bit import TALL_ENOUGH, in_one_bit
from docsr.batch.options import EnhanceOptions
from docsr.batch.page_plan import Planner
from docsr.batch.results import PageResult, Task
from docsr.io.document import read_document
from docsr.page import Page
from tests.command import docsr

FAX = Path(__file__).parents[2] / "data" / "samples" / "fax.tif"
BIT, GREY = Page(np.zeros((2, 2), np.uint8), bilevel=True), Page(np.zeros((2, 2), np.uint8))
FAXED = Page(np.zeros((2, 2), np.uint8), (204, 98), bilevel=True)
TALL, SMALL = TALL_ENOUGH, TALL_ENOUGH - 0.1


@pytest.mark.parametrize(
    ("page", "x_height", "form", "wish", "expected"),
    [
        (BIT, TALL, "tiff", {}, True),
        (BIT, TALL, "pdf", {}, True),
        (BIT, TALL, "png", {}, False),
        (BIT, TALL, "bmp", {}, False),
        (BIT, SMALL, "pdf", {}, False),
        (BIT, None, "pdf", {}, False),
        (GREY, TALL, "pdf", {}, False),
        (BIT, TALL, "pdf", {"engine": "rapidocr"}, False),
        (BIT, TALL, "pdf", {"binarize": False}, False),
        (BIT, SMALL, "pdf", {"binarize": True}, True),
        (BIT, None, "png", {"binarize": True}, True),
        (BIT, SMALL, "bmp", {"binarize": True}, True),
        (BIT, TALL, "jpg", {"binarize": True}, False),
        (GREY, TALL, "tiff", {"binarize": True}, False),
        (FAXED, TALL, "tiff", {}, False),
        (FAXED, TALL, "tiff", {"binarize": True}, True),
    ],
)
def test_what_decides(page, x_height, form, wish, expected):
    assert in_one_bit(page, x_height, form, EnhanceOptions(**wish)) is expected


def with_square_pixels(folder: Path, suffix: str) -> Path:
    path, how = folder / f"fax{suffix}", {"resolution": 150} if suffix == ".pdf" else {"dpi": (150, 150)}
    with Image.open(FAX) as image:
        pages = []
        for number in range(2):
            image.seek(number)
            pages.append(image.copy())
    pages[0].save(path, save_all=True, append_images=pages[1:], **how)
    return path


@pytest.mark.slow_but_one_in(2)
@pytest.mark.parametrize(("kind", "form"), [("tif", "same"), ("tif", "pdf"), ("pdf", "same"), ("pdf", "tiff")])
def test_a_fax_stays_one_bit_in_group_4_unless_grey_is_asked_for(tmp_path, capsys, monkeypatch, kind, form):
    given = with_square_pixels(tmp_path, f".{kind}")
    sizes = {}
    for more in ([], ["--grey"], ["--binarize"]):
        out = tmp_path / f"out{''.join(more)}"
        wish = ["--factor", 2, "--model", "bicubic", "--format", form, *more]
        ran = docsr(capsys, monkeypatch, "enhance", given, "--out", out, *wish)
        assert ran.code == 0, ran.err
        (made,) = out.glob("fax.*")
        sizes[" ".join(more)] = made.stat().st_size
        pages = list(read_document(made))
        assert [page.bilevel for page in pages] == [more != ["--grey"]] * 2
        if made.suffix == ".pdf" and more != ["--grey"]:
            with pikepdf.open(made) as pdf:
                objects = [page.Resources.XObject for page in pdf.pages]
                filters = {str(image.Filter) for names in objects for image in names.values()}
            assert filters == {"/CCITTFaxDecode"}
        if made.suffix != ".pdf" and more != ["--grey"]:
            with Image.open(made) as image:
                assert image.info["compression"] == "group4"
    assert sizes[""] == sizes["--binarize"]
    assert sizes[""] < 5 * FAX.stat().st_size < sizes["--grey"]


@pytest.mark.parametrize(("page", "form", "widened"), [(BIT, "jpg", True), (BIT, "tiff", False), (GREY, "jpg", False)])
def test_only_a_page_that_came_with_one_bit_and_gets_more_is_said_to_be_widened(page, form, widened):
    row = PageResult("a.tif", "out/a", 1, "planned", x_height_in=TALL)
    planner = Planner(EnhanceOptions(format=form))
    assert planner._with_bits(row, page, Task(Path("a.tif"), Path("out/a"))).widened is widened
