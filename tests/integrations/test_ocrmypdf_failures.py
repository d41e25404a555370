"""Whatever fails in docsr's plugin, OCRmyPDF goes on with what it made itself, and one warning a document tells why."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pikepdf
import pytest
from ocrmypdf.exceptions import BadArgsError
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageDraw

from docsr.errors import PageError, UsageError
from docsr.integrations import ocr_pages
from docsr.integrations import ocrmypdf as plugin
from docsr.integrations.scan_pixels import overwrite_image
from docsr.io.pdf.scans import open_scans
from tests.integrations.scans import ocrmypdf

ERRORS = [
    PageError("the scan is damaged"),
    OSError(28, "No space left on device"),
    TypeError("float() argument must be a string or a real number, not 'pikepdf.Object'"),
    MemoryError(),
    RecursionError("maximum recursion depth exceeded"),
    ZeroDivisionError("division by zero"),
    ImportError("a part of it is missing"),
    KeyError("/Width"),
]
KINDS = pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)


def options(**more: Any) -> Any:
    return SimpleNamespace(languages=["eng"], jobs=1, extra_attrs={}, **more)


def ends(step: Generator[None, Any, Any], inner: Any) -> Any:
    """What OCRmyPDF gets of a hook that wraps what others make."""
    next(step)
    with pytest.raises(StopIteration) as ended:
        step.send(inner)
    return ended.value.value


def rasterized(work: Path, number: int) -> bool:
    made = work / f"{number}.png"
    Image.new("L", (9, 9)).save(made)
    before = made.read_bytes()
    step = plugin.rasterize_pdf_page(work / "in.pdf", made, number, SimpleNamespace(x=75.0, y=75.0), 0, options())
    return bool(ends(step, made) == made and made.read_bytes() == before)


def filtered(work: Path, number: int) -> bool:
    image = Image.new("L", (9, 9))
    page: Any = SimpleNamespace(options=options(), work_folder=work, pageno=number - 1)
    return ends(plugin.filter_ocr_image(page, image), None) is image


def optimized(work: Path, _: int) -> bool:
    context: Any = SimpleNamespace(options=options(docsr_replace=True), work_folder=work)
    return bool(ends(plugin.optimize_pdf(work / "out.pdf", context), "made") == "made")


HOOKS = {"show_own_pixels": rasterized, "enlarged": filtered, "replace_shown": optimized}


@KINDS
@pytest.mark.parametrize("inner", HOOKS)
def test_a_hook_that_fails_leaves_what_ocrmypdf_made_and_tells_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, inner: str, error: Exception
):
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(ocr_pages, inner, failing)
    for document in ("one", "two"):
        (tmp_path / document).mkdir()
        assert all(HOOKS[inner](tmp_path / document, number) for number in (1, 2, 3))
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 2
    assert all(one.startswith("docsr leaves ") and len(one.splitlines()) == 1 for one in told)
    assert (type(error).__name__ in told[0]) == (type(error) is not PageError)


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_a_part_that_cannot_be_imported_likewise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, hook: Callable[..., bool]
):
    monkeypatch.delattr("docsr.integrations.ocr_pages")
    monkeypatch.setitem(sys.modules, "docsr.integrations.ocr_pages", None)
    assert hook(tmp_path, 1)
    plugin.check_options(options(docsr_factor="2"))
    (told,) = caplog.messages
    assert "ocr_pages" in told


def test_a_second_failure_needs_no_space_to_be_told(tmp_path: Path, monkeypatch, caplog: pytest.LogCaptureFixture):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "touch", full)
    monkeypatch.setattr(ocr_pages, "enlarged", full)
    assert filtered(tmp_path, 1)
    assert "No space left" in caplog.messages[0]


@KINDS
def test_only_what_a_user_asked_for_is_refused(monkeypatch: pytest.MonkeyPatch, error: Exception):
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(ocr_pages, "check", failing)
    plugin.check_options(options())  # nobody asked for anything
    plugin.check_options(options(docsr_factor="off", docsr_model="none such"))
    if isinstance(error, PageError):
        with pytest.raises(BadArgsError, match="the scan is damaged"):
            plugin.check_options(options(docsr_factor="4"))
    else:
        plugin.check_options(options(docsr_factor="4"))


def test_what_is_asked_for_in_vain_is_refused():
    for wrong in ({"docsr_factor": "3"}, {"docsr_model": "none such"}):
        with pytest.raises(BadArgsError, match="docsr"):
            plugin.check_options(options(**wrong))
    with pytest.raises(UsageError):
        ocr_pages.check(options(docsr_model="none such"))


def test_options_that_are_none_leave_one_thread():
    plugin.validate([], None)  # type: ignore[arg-type]
    asked = options()
    plugin.validate([None, None], asked)  # type: ignore[arg-type]
    assert asked.extra_attrs["docsr_threads"] >= 1


def test_a_picture_that_cannot_be_saved_leaves_the_one_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, picture = tmp_path / "page.png", Image.new("L", (9, 9))
    picture.save(path)
    before = path.read_bytes()

    def half(self: Image.Image, file: Path, **_: object) -> None:
        file.write_bytes(before[:20])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "save", half)
        with pytest.raises(OSError, match="No space"):
            overwrite_image(path, picture)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    overwrite_image(path, Image.new("L", (5, 5)), dpi=(75, 75))
    with Image.open(path) as now:
        assert now.size == (5, 5)


@pytest.mark.slow
def test_ocrmypdf_starts_without_docsr_but_for_the_hooks(tmp_path: Path):
    """A start, and a page that docsr is told to leave alone."""
    given = pdf(tmp_path / "in.pdf", "sound")
    hooks = {"docsr", "docsr.choices", "docsr.errors", "docsr.integrations", plugin.__name__}
    for words in ("--version",), ("--docsr-factor", "off", "--output-type", "pdf", given, tmp_path / "out.pdf"):
        said = ocrmypdf(*words, python=("-X", "importtime"))
        names = [line.rpartition("|")[2].strip() for line in said.splitlines() if line.startswith("import time:")]
        assert "docsr.errors" in names
        assert {name for name in names if name.partition(".")[0] == "docsr"} <= hooks


def scan(document: pikepdf.Pdf) -> Any:
    image = Image.new("L", (620, 400), 255)
    ImageDraw.Draw(image).text((20, 40), "the quick brown fox jumps over the lazy dog", fill=0, font_size=16)
    stream = Stream(document, np.asarray(image).tobytes())
    stream.Type, stream.Subtype, stream.ColorSpace = Name.XObject, Name.Image, Name.DeviceGray
    stream.Width, stream.Height, stream.BitsPerComponent = 620, 400, 8
    return stream


def _named_unit(_: pikepdf.Pdf, page: Any) -> None:
    page.UserUnit = Name.X


def _huge_unit(_: pikepdf.Pdf, page: Any) -> None:
    page.UserUnit = Dictionary(A=1)


def _odd_decode(_: pikepdf.Pdf, page: Any) -> None:
    page.Resources.XObject.I.Decode = Array([Name.X, Dictionary()])


def _odd_colours(_: pikepdf.Pdf, page: Any) -> None:
    page.Resources.XObject.I.ColorSpace = Array([Name.Indexed, Name.DeviceRGB, Name.X, Array([1])])


def _odd_layers(document: pikepdf.Pdf, page: Any) -> None:
    page.Resources.Properties = Dictionary(M=Array([Name.X]))
    page.Contents = document.make_stream(b"/OC /M BDC q 595 0 0 384 0 0 cm /I Do Q EMC")


def _sound(_: pikepdf.Pdf, __: Any) -> None:
    pass


HOSTILE = {
    "sound": _sound,
    "a user unit that is a name": _named_unit,
    "a user unit that is a dictionary": _huge_unit,
    "a decode array of names": _odd_decode,
    "a colour space of no colours": _odd_colours,
    "a layer that is a list": _odd_layers,
}


def pdf(path: Path, *kinds: str) -> Path:
    """A document with a page of each kind."""
    with pikepdf.new() as document:
        for kind in kinds:
            document.add_blank_page(page_size=(595, 384))
            page = document.pages[-1].obj
            page.Resources = Dictionary(XObject=Dictionary(I=scan(document)))
            page.Contents = document.make_stream(b"q 595 0 0 384 0 0 cm /I Do Q")
            HOSTILE[kind](document, page)
        document.save(path)
    return path


@pytest.mark.slow
def test_a_pdf_that_ocrmypdf_reads_it_reads_with_docsr_too(tmp_path: Path):
    given = pdf(tmp_path / "in.pdf", *HOSTILE)
    said = ocrmypdf("--output-type", "pdf", "--optimize", "0", "--docsr-replace", given, tmp_path / "out.pdf")
    assert said.count("docsr leaves") <= 1
    with pikepdf.open(tmp_path / "out.pdf") as made:
        assert len(made.pages) == len(HOSTILE)
    with open_scans(tmp_path / "out.pdf") as scans:
        assert scans.leaves[list(HOSTILE).index("sound")].read().width == 1240


def test_a_broken_docsr_leaves_ocrmypdf_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['docsr.api'] = None")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    given = pdf(tmp_path / "in.pdf", "sound", "sound")
    said = ocrmypdf("--output-type", "pdf", "--optimize", "0", given, tmp_path / "out.pdf")
    assert said.count("docsr leaves page ") == 1
    assert "docsr.api halted" in " ".join(said.split()), said
    assert (tmp_path / "out.pdf").exists()
