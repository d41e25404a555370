"""PDF files with a damaged end: one that was cut off is refused, one to which something was appended is not."""

from __future__ import annotations

import errno
import mmap
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from docsr.errors import PageError
from docsr.io.pdf import scans
from docsr.io.pdf.scans import open_scans
from tests.io.pdf.files import FILLING, GREY, add_page, image_of, reasons

KINDS: dict[str, dict[str, Any]] = {
    "table": {"object_stream_mode": pikepdf.ObjectStreamMode.disable},
    "streams": {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
    "for the web": {"linearize": True},
    "streams for the web": {"linearize": True, "object_stream_mode": pikepdf.ObjectStreamMode.generate},
}


def four_pages(path: Path, kind: str) -> bytes:
    with pikepdf.new() as pdf:
        for _ in range(4):
            add_page(pdf, FILLING, {"/Im0": image_of(pdf, GREY.tobytes())})
        pdf.save(path, **KINDS[kind])
    return path.read_bytes()


APPENDED = {
    "zeros": bytes(5000),
    "lines": b"\r\n" * 3000,
    "a printer's end": b"\x1b%-12345X@PJL EOJ\r\n" + b" " * 2000,
    "a page of the web": b"<html>the object is gone, 404 objects</html>" * 100,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("appended", APPENDED)
def test_what_is_appended_to_a_file_does_not_matter(tmp_path: Path, kind: str, appended: str):
    path = tmp_path / "a.pdf"
    path.write_bytes(four_pages(path, kind) + APPENDED[appended])
    assert reasons(path) == [None] * 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mark", [b"%%EOF", b"startxref"])
def test_a_file_without_its_last_mark_is_read(tmp_path: Path, kind: str, mark: bytes):
    path = tmp_path / "a.pdf"
    start, _, _ = four_pages(path, kind).rpartition(mark)
    path.write_bytes(start + bytes(2000))
    assert reasons(path) == [None] * 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("padding", [0, 5000])
@pytest.mark.parametrize("part", [40, 60, 80, 90])
def test_a_file_that_was_cut_off_is_refused_padded_or_not(tmp_path: Path, kind: str, padding: int, part: int):
    path = tmp_path / "a.pdf"
    data = four_pages(path, kind)
    path.write_bytes(data[: len(data) * part // 100] + bytes(padding))
    with pytest.raises(PageError, match="it is damaged"), open_scans(path):
        pass


def test_a_change_that_was_cut_off_is_refused(tmp_path: Path):
    path = tmp_path / "a.pdf"
    data = four_pages(path, "table")
    change = (
        b"3 0 obj\n<< /Type /Page /Contents 99 0 R >>\nendobj\n99 0 obj\n<< /Length 5000 >>\nstream\n" + b"0 g " * 500
    )
    path.write_bytes(data + change)
    with pytest.raises(PageError, match="pages or its end are missing"), open_scans(path):
        pass


def test_a_file_that_cannot_be_mapped_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refused(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr(mmap, "mmap", refused)
    data, path = four_pages(tmp_path / "a.pdf", "table"), tmp_path / "b.pdf"
    path.write_bytes(data.rpartition(b"startxref")[0])
    assert reasons(path) == [None] * 4
    path.write_bytes(data[: len(data) * 9 // 10])
    with pytest.raises(PageError, match="it is damaged"), open_scans(path):
        pass


def test_a_file_that_cannot_be_read_on_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def failing(_: Path) -> bool:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(scans, "is_cut_off", failing)
    path = tmp_path / "a.pdf"
    path.write_bytes(four_pages(path, "table").rpartition(b"startxref")[0])
    with pytest.raises(PageError, match="could not be read: input/output error"), open_scans(path):
        pass
