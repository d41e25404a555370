"""A PDF is opened again and again while its pages are read, and its new images wait in files until it is saved."""

from __future__ import annotations

import gc
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest

from docsr.errors import PageError
from docsr.io.pdf import pages
from docsr.io.pdf.scans import open_scans, write_scans
from docsr.page import Page
from tests.io.pdf.files import FILLING, GREY, add_page, doubled, image_of, shown

PAGES = 11


@pytest.fixture(autouse=True)
def few_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "TOGETHER", 3)


def many(path: Path, pages: int = PAGES) -> Path:
    """Pages of one picture each, all of them others; the last shows that of the first."""
    with pikepdf.new() as pdf:
        images = [pdf.make_indirect(image_of(pdf, (GREY - number).tobytes())) for number in range(pages - 1)]
        for image in [*images, images[0]]:
            add_page(pdf, FILLING, {"/Im0": image})
        pdf.save(path)
    return path


def test_pages_far_apart_are_all_replaced_and_share_what_they_shared(tmp_path: Path):
    path, out = many(tmp_path / "a.pdf"), tmp_path / "b.pdf"
    with open_scans(path) as scans:
        first = scans.leaves[0].shows((1, 1))
        for leaf in scans.leaves:
            if leaf.number == PAGES - 1:
                assert leaf.shows((1, 1)) == first
                leaf.show_as(0)
            else:
                leaf.replace(doubled(leaf.read()), quality=95)
        scans.save(out)
    with pikepdf.open(out) as pdf:
        numbers = [page.obj.Resources.XObject.Im0.objgen for page in pdf.pages]
    assert len(set(numbers)) == PAGES - 1
    assert numbers[0] == numbers[-1]
    for number in range(PAGES):
        assert np.abs(shown(out, number, 1).astype(int) - shown(path, number, 1)).mean() < 3


def test_pages_are_read_in_any_order(tmp_path: Path):
    with open_scans(many(tmp_path / "a.pdf")) as scans:
        for number in [*range(PAGES - 1), *reversed(range(PAGES - 1)), 5, 0, 5]:
            assert scans.leaves[number].read().pixels.max() == GREY.max() - number


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what files are open")
def test_only_one_document_is_open_and_what_was_read_of_it_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):  # fmt: skip
    path, opened, open_one = many(tmp_path / "a.pdf"), list[int](), pikepdf.open

    def noted(*given: Any, **options: Any) -> pikepdf.Pdf:
        links = [link for link in Path("/proc/self/fd").iterdir() if link.exists()]
        opened.append(sum(link.readlink() == path for link in links))
        return open_one(*given, **options)

    monkeypatch.setattr(pikepdf, "open", noted)
    with open_scans(path) as scans:
        for leaf in scans.leaves:
            leaf.replace(doubled(leaf.read()))
        scans.save(tmp_path / "b.pdf")
    assert opened == [0] * (1 + (PAGES - 1) // 3 + 1)


@pytest.mark.parametrize("change", ["gone", "fewer pages", "no PDF"])
@pytest.mark.parametrize("at", ["reading", "saving"])
def test_a_file_that_is_exchanged_meanwhile_is_an_error(tmp_path: Path, change: str, at: str):
    path = many(tmp_path / "a.pdf")
    with open_scans(path) as scans:
        for number in range(3):
            scans.leaves[number].replace(doubled(scans.leaves[number].read()))
        path.unlink()
        if change == "fewer pages":
            many(path, 4)
        elif change == "no PDF":
            path.write_bytes(b"%PDF-1.4 and no more")
        go_on = {"reading": lambda: scans.leaves[3].read(), "saving": lambda: scans.save(tmp_path / "b.pdf")}[at]
        with pytest.raises(PageError, match=r"a\.pdf could not be read: it changed meanwhile"):
            go_on()
        with pytest.raises(PageError, match="meanwhile"):
            scans.leaves[4].read()


def test_pages_of_one_profile_share_it(tmp_path: Path):
    profile = b"\0" * 16 + b"GRAY" + b"\0" * 200
    write_scans([Page(GREY, icc=profile), Page(GREY.T, icc=profile)], tmp_path / "a.pdf")
    with pikepdf.open(tmp_path / "a.pdf") as pdf:
        spaces = {page.obj.Resources.XObject.Im0.ColorSpace[1].objgen for page in pdf.pages}
    assert len(spaces) == 1


def test_a_document_is_gone_when_it_is_closed(tmp_path: Path):
    """Without Python's search for rings: what they keep of damaged files would fill a worker's memory."""
    gc.disable()
    try:
        with open_scans(many(tmp_path / "a.pdf")) as scans:
            assert [leaf.read().width for leaf in scans.leaves] == [GREY.shape[1]] * PAGES
            kept = weakref.ref(scans.leaves)
        del scans
        assert kept() is None
    finally:
        gc.enable()
