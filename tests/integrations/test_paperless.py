"""The pre-consume script of paperless-ngx, run as paperless runs it, on files of every kind that matters."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Dictionary, Name
from PIL import Image

from docsr.bench.degradations import lower
from docsr.io.pdf.scans import write_scans
from docsr.page import Page
from tests.integrations.scans import drawn

ROOT = Path(__file__).resolve().parents[2]
FORMATS = {".png": "PNG", ".tif": "TIFF", ".JPG": "JPEG"}
SCRIPT = ROOT / "contrib" / "paperless" / "pre-consume.sh"


@pytest.fixture(scope="module")
def low() -> Page:
    """A scan at 75 dpi of text that asks for enlargement."""
    return lower(drawn(" ".join(f"word{number}" for number in range(30)), width=900).page, 75, "scan", 1)


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """``docsr`` as a command of one word."""
    path = tmp_path / "bin" / "docsr"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m docsr "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def consume(path: Path | None, command: Path | str, options: str = "--time-limit 0 --jobs 1") -> tuple[str, str]:
    """Run the script; return what paperless would log as information and as warnings."""
    told = {} if path is None else {"DOCUMENT_WORKING_PATH": str(path), "DOCUMENT_SOURCE_PATH": "/nowhere/source"}
    known = {name: value for name, value in os.environ.items() if not name.startswith("DOCUMENT_")}
    env = {**known, **told, "DOCSR": str(command), "DOCSR_OPTIONS": options, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([SCRIPT, str(path)], env=env, capture_output=True, text=True, check=True)
    if path is not None and path.parent.is_dir():
        assert [one.name for one in path.parent.iterdir() if one.name.startswith(".docsr")] == []
    return ran.stdout, ran.stderr


def placed(tmp_path: Path, name: str) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch" / name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a scan.png", "-scan.tif", "scan.JPG"])
def test_a_low_scan_is_enlarged_in_its_place(tmp_path: Path, command: Path, low: Page, name: str) -> None:
    path = placed(tmp_path, name)
    image = Image.fromarray(low.pixels)
    image.save(path, dpi=(75, 75))
    path.chmod(0o640)
    os.utime(path, (1_600_000_000, 1_600_000_000))
    said, warned = consume(path, command)
    assert (warned, "is enlarged" in said) == ("", True)
    with Image.open(path) as made:
        times = made.width // image.width
        assert times in {2, 4}
        assert (made.format, made.size) == (FORMATS[path.suffix], (image.width * times, image.height * times))
        assert made.info["dpi"] == pytest.approx((75 * times, 75 * times), abs=0.1)
    assert (path.stat().st_mode & 0o777, path.stat().st_mtime) == (0o640, 1_600_000_000)


@pytest.mark.slow
def test_a_scan_in_a_pdf_is_enlarged_and_twice_the_same(tmp_path: Path, command: Path, low: Page) -> None:
    path = placed(tmp_path, "scan.pdf")
    write_scans([low], path)
    again = path.with_name("again.pdf")
    shutil.copy(path, again)
    assert "is enlarged" in consume(path, command)[0]
    with pikepdf.open(path) as pdf:
        (image,) = pdf.pages[0].obj.Resources.XObject.values()
        assert int(image.Width) in {times * low.pixels.shape[1] for times in (2, 4)}
    consume(again, command)
    assert path.read_bytes() == again.read_bytes(), "paperless would store a second copy as another document"


@pytest.mark.slow
def test_paperless_languages_are_passed_on(
    tmp_path: Path, command: Path, low: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = placed(tmp_path, "a.png")
    Image.fromarray(low.pixels).save(path, dpi=(75, 75))
    before = path.read_bytes()
    monkeypatch.setenv("PAPERLESS_OCR_LANGUAGE", "eng+nonesuch")
    said, warned = consume(path, command)
    assert "no language 'nonesuch'" in said + warned
    assert "exit code 2" in warned
    assert path.read_bytes() == before
    said, _ = consume(path, command, "--time-limit 0 --jobs 1 --language eng")
    assert "is enlarged" in said


def born_digital(path: Path) -> None:
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(300, 200))
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        page.obj.Resources = Dictionary(Font=Dictionary(F1=font))
        page.obj.Contents = pdf.make_stream(b"BT /F1 12 Tf 20 100 Td (Text of its own) Tj ET")
        pdf.save(path)


def large_text(path: Path) -> None:
    Image.fromarray(drawn("large text needs nothing at all", size=60, width=900).page.pixels).save(path, dpi=(300, 300))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "make"), [("own.pdf", born_digital), ("large.png", large_text)])
def test_what_needs_nothing_stays_as_it_is(tmp_path: Path, command: Path, name: str, make) -> None:
    path = placed(tmp_path, name)
    make(path)
    before = path.read_bytes(), path.stat().st_ino
    said, warned = consume(path, command)
    assert (warned, "stays as it is" in said) == ("", True)
    assert (path.read_bytes(), path.stat().st_ino) == before


@pytest.mark.slow
def test_a_kind_that_is_only_read_stays(tmp_path: Path, command: Path, low: Page) -> None:
    path = placed(tmp_path, "a.gif")
    Image.fromarray(low.pixels).save(path)
    before = path.read_bytes()
    assert "are read and not written" in consume(path, command)[0]
    assert path.read_bytes() == before


@pytest.mark.slow_except("broken.png")
@pytest.mark.parametrize("name", ["broken.pdf", "broken.png", "letter.docx", "broken.tif"])
def test_a_broken_or_foreign_file_is_consumed_as_it_came(tmp_path: Path, command: Path, name: str) -> None:
    path = placed(tmp_path, name)
    path.write_bytes(b"\x89PNG\r\n\x1a\n broken %PDF-1.7")
    before = path.read_bytes()
    assert "consumed as it came" in consume(path, command)[1]
    assert path.read_bytes() == before


@pytest.mark.slow
def test_a_wrong_option_is_told_and_fails_nothing(tmp_path: Path, command: Path, low: Page) -> None:
    path = placed(tmp_path, "a.png")
    Image.fromarray(low.pixels).save(path)
    before = path.read_bytes()
    assert "exit code 2" in consume(path, command, "--factor 3")[1]
    assert path.read_bytes() == before


def test_without_docsr_or_a_document_nothing_fails(tmp_path: Path) -> None:
    path = placed(tmp_path, "a.png")
    path.write_bytes(b"anything")
    assert "is not found" in consume(path, tmp_path / "nope")[1]
    assert "is not set" in consume(None, "true")[1]
    assert "is no file" in consume(path.with_name("gone.png"), "true")[1]
    assert path.read_bytes() == b"anything"
