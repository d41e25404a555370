"""A PDF whose list of pages leads back to itself, or names a page again, has the pages that readers show."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from docsr.errors import PageError
from docsr.io.decoder_messages import captured_messages
from docsr.io.pdf.scans import open_scans
from docsr.io.pdf.visible import open_visible
from tests.io.pdf.files import FILLING, GREY, add_page, image_of, shown

Tree = Callable[[pikepdf.Pdf, list[Any]], tuple[int, list[Any]]]
"""Takes a document and its three pages to /Count and /Kids of the root."""


def node(pdf: pikepdf.Pdf, *kids: Any) -> Any:
    return pdf.make_indirect(Dictionary(Type=Name.Pages, Parent=pdf.Root.Pages, Count=2, Kids=Array(kids)))


def twice(pdf: pikepdf.Pdf, pages: list[Any]) -> tuple[int, list[Any]]:
    return 5, [pages[0], *[node(pdf, pages[1], pages[2])] * 2]


def direct(pages: list[Any]) -> Any:
    """A node, with pages, that is no object of its own; nor are the pages."""
    return Dictionary(Type=Name.Pages, Count=len(pages), Kids=Array([Dictionary(dict(one.items())) for one in pages]))


def with_direct(pdf: pikepdf.Pdf, pages: list[Any]) -> tuple[int, list[Any]]:
    return 8, [pages[0], *[node(pdf, direct(pages[1:]), pages[0])] * 2, direct(pages[:1])]


LOOPS: dict[str, Tree] = {
    "at the end": lambda pdf, pages: (3, [*pages, pdf.Root.Pages]),
    "at the beginning": lambda pdf, pages: (3, [pdf.Root.Pages, *pages]),
    "counted as a page": lambda pdf, pages: (4, [pages[0], pdf.Root.Pages, *pages[1:]]),
    "after direct pages": lambda pdf, pages: (3, [direct(pages[:2]), pages[2], pdf.Root.Pages]),
    "from below": lambda pdf, pages: (3, [pages[0], node(pdf, pages[1], pdf.Root.Pages), pages[2]]),
}
REPEATED: dict[str, tuple[Tree, list[int]]] = {
    "a page": (lambda pdf, pages: (4, [*pages, pages[0]]), [0, 1, 2, 0]),
    "a page at once": (lambda pdf, pages: (5, [pages[0], *pages, pages[2]]), [0, 0, 1, 2, 2]),
    "a page, after direct pages": (
        lambda pdf, pages: (4, [direct(pages[:2]), pages[2], pages[2]]), [0, 1, 2, 2],
    ),
    "a node with direct pages": (with_direct, [0, 1, 2, 0, 1, 2, 0, 0]),
    "a node": (twice, [0, 1, 2, 1, 2]),
}  # fmt: skip


def file_of(path: Path, tree: Tree) -> Path:
    """Three pages: a scan between two that are grey without one, so that they are rendered."""
    with pikepdf.new() as pdf:
        add_page(pdf, "0.2 g 0 0 60 80 re f", {})
        add_page(pdf, FILLING, {"/Im0": image_of(pdf, GREY.tobytes())})
        add_page(pdf, "0.6 g 0 0 60 80 re f", {})
        count, kids = tree(pdf, [page.obj for page in pdf.pages])
        pdf.Root.Pages.Count, pdf.Root.Pages.Kids = count, Array(kids)
        pdf.save(path)
    return path


def check(path: Path, expected: list[int], said: str) -> None:
    """The corner of a page tells which it is."""
    levels = {0: 51, 1: 255, 2: 153}
    wanted = [levels[number] for number in expected]
    with captured_messages(printed=False) as complaints:
        pixels = [page.read().pixels for page in open_visible(path)]
    assert [int(one.flat[0]) for one in pixels] == wanted
    assert len(complaints) == 1
    assert said in complaints[0]
    with captured_messages(printed=False) as complaints, open_scans(path) as scans:
        assert [leaf.reason is None for leaf in scans.leaves] == [number == 1 for number in expected]
        scans.save(path.parent / "out.pdf")
    assert [int(shown(path.parent / "out.pdf", number)[0, 0, 0]) for number in range(len(expected))] == wanted
    with pikepdf.open(path.parent / "out.pdf") as saved:
        assert len(saved.pages) == len(expected)


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_is_cut(tmp_path: Path, name: str):
    check(file_of(tmp_path / "a.pdf", LOOPS[name]), [0, 1, 2], "it leads back to itself")


@pytest.mark.parametrize("name", REPEATED)
def test_what_is_listed_again_is_there_again(tmp_path: Path, name: str):
    tree, expected = REPEATED[name]
    check(file_of(tmp_path / "a.pdf", tree), expected, "a page is listed more than once")


def test_what_repeats_itself_without_measure_is_refused(tmp_path: Path):
    def doubling(pdf: pikepdf.Pdf, pages: list[Any]) -> tuple[int, list[Any]]:
        top = node(pdf, *pages)
        for _ in range(40):
            top = node(pdf, top, top)
        return 3, [top]

    with pytest.raises(PageError, match="repeats itself too often"), open_scans(file_of(tmp_path / "a.pdf", doubling)):
        pass


def test_what_is_nested_without_measure_is_refused(tmp_path: Path):
    def deep(pdf: pikepdf.Pdf, pages: list[Any]) -> tuple[int, list[Any]]:
        top = node(pdf, *pages, pdf.Root.Pages)
        for _ in range(300):
            top = node(pdf, top)
        return 3, [top]

    with pytest.raises(PageError, match="it is damaged"), open_scans(file_of(tmp_path / "a.pdf", deep)):
        pass


def test_only_the_copy_of_a_mended_file_is_kept_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, opened, really = file_of(tmp_path / "a.pdf", REPEATED["a page"][0]), [], pikepdf.open

    def noting(*args: Any, **more: Any) -> pikepdf.Pdf:
        opened.append(really(*args, **more))
        return opened[-1]

    monkeypatch.setattr(pikepdf, "open", noting)
    with captured_messages(printed=False), open_scans(path) as scans:
        are_open = ["closed" not in repr(pdf) for pdf in opened]
        assert len(scans.leaves) == 4
    assert len(are_open) > 1
    assert are_open == [False] * (len(opened) - 1) + [True]
    assert all("closed" in repr(pdf) for pdf in opened)
    assert not scans.file.exists()


@pytest.mark.parametrize("trouble", ["full", "not there"])
def test_a_temporary_folder_that_cannot_take_the_copy_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
):
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = file_of(tmp_path / "a.pdf", REPEATED["a page"][0])
    if trouble == "full":
        monkeypatch.setattr(pikepdf.Pdf, "save", full)
    else:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(PageError) as caught, open_scans(path):
        pass
    said = {
        "full": "a repaired copy cannot be written to the temporary folder (no space left on device)",
        "not there": "for a repaired copy no temporary folder can be made (no such file or directory): set TMPDIR",
    }
    assert said[trouble] in str(caught.value)
