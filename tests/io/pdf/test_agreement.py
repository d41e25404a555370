"""A PDF page becomes what pdfium, poppler and Ghostscript show of it, whatever it stores."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import pikepdf
import pytest

from docsr.io.decoder_messages import captured_messages
from docsr.io.document import read_document
from tests.io.pdf.renderers import apart, small, with_ghostscript, with_pdfium, with_poppler
from tests.io.pdf.visible_files import PAGES, QUICK, document

COARSE, FINE = 40, 160
"""dpi at which pages are compared, and at which other programs render them."""

MOST_APART = 2.0
LEAST_AGREE = 60
"""Grey levels by which docsr may differ from three programs that agree as well; and on how many pages they must."""


def compared(folder: Path, names: Iterable[str], **form: object) -> dict[str, tuple[float, float]]:
    """By how much the three programs differ from each other, and docsr from them at most, page by page."""
    names = list(names)
    path = document(folder / "pages.pdf", names, **form)
    views = [render(path, FINE) for render in (with_pdfium, with_poppler, with_ghostscript)]
    found = {}
    with pikepdf.open(path) as pdf:
        units = [float(page.obj.get("/UserUnit", 1)) for page in pdf.pages]
    with captured_messages(printed=False):  # of images that are damaged
        pages = list(read_document(path))
    for name, unit, page, *others in zip(names, units, pages, *views, strict=True):
        assert page.dpi is not None
        sizes = [(other.shape[1] * COARSE / FINE, other.shape[0] * COARSE / FINE) for other in others]
        own = page.width / page.dpi[0] * COARSE / unit, page.height / page.dpi[1] * COARSE / unit
        common = round(own[0]), round(own[1])
        coarse = [small(other, common) for other in others]
        apart_by = max(apart(one, other) for one in coarse for other in coarse)
        if all(abs(a - b) <= 1.5 for size in sizes for a, b in zip(size, own, strict=True)):
            found[name] = apart_by, max(apart(small(page.pixels, common), other) for other in coarse)
        else:
            found[name] = (apart_by if sizes[0] != sizes[1] else 0.0), 255.0
    return found


@pytest.fixture(scope="module")
def quickly(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, float]]:
    return compared(tmp_path_factory.mktemp("quick"), QUICK)


@pytest.mark.parametrize("name", QUICK)
def test_a_page_is_what_three_programs_show(quickly: dict[str, tuple[float, float]], name: str):
    agree, own = quickly[name]
    assert agree <= MOST_APART
    assert own <= MOST_APART


@pytest.mark.slow
def test_all_pages_are_what_three_programs_show_where_they_agree(tmp_path: Path):
    found = compared(tmp_path, PAGES)
    agreed = {name: own for name, (agree, own) in found.items() if agree <= MOST_APART}
    assert len(agreed) >= LEAST_AGREE
    assert {name: own for name, own in agreed.items() if own > MOST_APART} == {}


def test_fields_are_filled_where_the_document_asks_for_it(tmp_path: Path):
    found = compared(tmp_path, ["a field without looks", "a scan"], NeedAppearances=True)
    assert all(agree <= MOST_APART and own <= MOST_APART for agree, own in found.values())


@pytest.mark.parametrize("kind", ["none", "empty"])
def test_fields_that_no_form_lists_are_seen(tmp_path: Path, kind: str):
    """pdfium shows them where there is a form at all; poppler and Ghostscript always do."""
    path = document(tmp_path / "a.pdf", ["a field"])
    with pikepdf.open(path) as pdf, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that they may not be seen in all programs
        if kind == "none":
            del pdf.Root.AcroForm
        else:
            pdf.Root.AcroForm.Fields = pikepdf.Array([])
        pdf.save(tmp_path / "b.pdf")
    (page,) = read_document(tmp_path / "b.pdf")
    for render in (with_poppler, with_ghostscript):
        (other,) = render(tmp_path / "b.pdf", FINE)
        assert apart(small(page.pixels, (120, 160)), small(other, (120, 160))) <= MOST_APART


def test_an_xfa_form_is_shown_as_it_is_stored_and_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    path = document(tmp_path / "a.pdf", ["a field"], XFA=pikepdf.String("<xdp/>"))
    (page,) = read_document(path)
    (other,) = with_poppler(path, FINE)
    assert apart(small(page.pixels, (120, 160)), small(other, (120, 160))) <= MOST_APART
    assert capfd.readouterr() == ("", "")


def test_there_are_as_many_pages_as_must_agree():
    assert len(PAGES) >= LEAST_AGREE
    assert set(QUICK) <= set(PAGES)
