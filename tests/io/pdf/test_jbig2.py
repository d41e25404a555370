"""JBIG2 by jbig2dec: what a few bytes claim to hold is not believed."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from pikepdf import Dictionary, Name, Stream

from docsr.io.decoder_messages import captured_messages
from docsr.io.document import read_document
from docsr.io.limits import allowing
from docsr.io.pdf.flate import WRONG_SUM
from docsr.io.pdf.jbig2 import decoded
from docsr.io.read_errors import Unreadable
from tests.io.pdf.files import BITS, HEIGHT, WIDTH, image_of, made, tiff_strip


def stream(width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """A page of a size, and one generic region of that of BITS, coded as Group 4."""
    page = struct.pack(">IBBBI", 0, 48, 0, 1, 19) + struct.pack(">IIIIBH", width, height, 0, 0, 0, 0)
    region = struct.pack(">IIIIBB", WIDTH, HEIGHT, 0, 0, 0, 1) + tiff_strip(BITS, "group4")
    return page + struct.pack(">IBBBI", 1, 38, 0, 1, len(region)) + region


def put_program(folder: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Have something else be jbig2dec."""
    (folder / "jbig2dec").write_text(f"#!/bin/sh\n{words}\n")
    (folder / "jbig2dec").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_black_is_0():
    rows = np.frombuffer(decoded(stream(), b"", WIDTH, HEIGHT), np.uint8).reshape(HEIGHT, -1)
    assert np.array_equal(np.unpackbits(rows, axis=1)[:, :WIDTH] * 255, BITS)


COMMENT = struct.pack(">I", 0x20000000) + b"by\0hand\0\0"
SHARED = struct.pack(">IBBBI", 9, 62, 0, 0, len(COMMENT)) + COMMENT


def test_segments_may_be_shared():
    assert decoded(stream(), SHARED, WIDTH, HEIGHT) == decoded(stream(), b"", WIDTH, HEIGHT)


@pytest.mark.parametrize("said", [[], [f"page 1: {WRONG_SUM}"]])
def test_a_wrong_checksum_of_shared_segments_is_told(tmp_path: Path, said: list[str]):
    def maker(pdf: pikepdf.Pdf) -> Stream:
        common, data = Stream(pdf, b""), zlib.compress(SHARED)
        common.write(data[:-4] + (bytes(4) if said else data[-4:]), filter=Name.FlateDecode)
        parms = Dictionary(JBIG2Globals=pdf.make_indirect(common))
        return image_of(pdf, stream(), bits=1, filter=Name.JBIG2Decode, parms=parms)

    path = made(tmp_path / "a.pdf", maker)
    with captured_messages(printed=False) as told:
        (page,) = read_document(path)
    assert np.array_equal(page.pixels, BITS)
    assert told == said


def test_an_image_of_another_size_is_damaged():
    with pytest.raises(Unreadable, match="its size differs from what the file states"):
        decoded(stream(WIDTH + 8), b"", WIDTH, HEIGHT)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system need not limit memory")
def test_a_page_that_would_take_all_memory_is_refused():
    with pytest.raises(Unreadable, match=r"its image is damaged$"), allowing(100_000_000):
        decoded(stream(100_000, 100_000), b"", WIDTH, HEIGHT)


@pytest.mark.skipif(os.name != "posix", reason="its time is limited by POSIX")
def test_it_is_ended_after_the_time_of_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put_program(tmp_path, monkeypatch, "while true; do :; done")
    monkeypatch.setattr("docsr.io.pdf.jbig2.time_limit", lambda: 0.5)
    with pytest.raises(Unreadable, match=r"its image is damaged$"):
        decoded(stream(), b"", WIDTH, HEIGHT)


def test_it_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put_program(tmp_path, monkeypatch, "exec sleep 60")
    monkeypatch.setattr("docsr.io.pdf.jbig2._SECONDS", 0.2)
    with pytest.raises(Unreadable, match="it takes too long"):
        decoded(stream(), b"", WIDTH, HEIGHT)


def test_without_it_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unreadable, match="jbig2dec cannot be run"):
        decoded(stream(), b"", WIDTH, HEIGHT)


def test_an_output_that_is_no_picture_is_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put_program(tmp_path, monkeypatch, 'while [ "$1" != --output ]; do shift; done; echo none > "$2"')
    with pytest.raises(Unreadable, match="damaged"):
        decoded(stream(), b"", WIDTH, HEIGHT)
