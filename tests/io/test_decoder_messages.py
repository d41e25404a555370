"""What libraries say in passing is taken up to a bound; what they tell those who program with them is dropped."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest

from docsr.io.decoder_messages import captured_messages, silence
from docsr.io.pdf.scans import write_scans
from docsr.page import Page


def test_a_category_is_dropped_and_others_are_not():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        silence(pikepdf.PageCopyWarning)
        filters = list(warnings.filters)
        silence(pikepdf.PageCopyWarning)
        assert warnings.filters == filters
        warnings.warn("a field", pikepdf.PageCopyWarning, stacklevel=1)
        warnings.warn("the user's own", UserWarning, stacklevel=1)
    assert [str(one.message) for one in told] == ["the user's own"]


def test_threads_that_save_leave_the_warnings_of_others_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The second begins while the first saves, and ends after it."""
    first_saves, second_saves, first_ended = (threading.Event() for _ in range(3))

    def save(_: pikepdf.Pdf, path: Path, **__: Any) -> None:
        (first_saves if path.name == "first.pdf" else second_saves).set()
        assert (second_saves if path.name == "first.pdf" else first_ended).wait(20)

    def run(name: str) -> None:
        write_scans([Page(np.zeros((90, 90), np.uint8))], tmp_path / name)

    monkeypatch.setattr(pikepdf.Pdf, "save", save)
    first, second = (threading.Thread(target=run, args=[f"{name}.pdf"]) for name in ("first", "second"))
    first.start()
    assert first_saves.wait(20)
    second.start()
    first.join()
    first_ended.set()
    second.join()
    assert second_saves.is_set()
    assert ("ignore", None, Warning, None, 0) not in warnings.filters


LINE = b"Fax3Decode1D: Bad code word at line %07d of strip 0 (x 11).\n"


def by_c(lines: int) -> None:
    """As C code does that holds the interpreter's lock."""
    write = ctypes.PyDLL(None).write
    for number in range(lines):
        write(2, LINE % number, len(LINE % number))


def in_large_pieces_by_c(lines: int) -> None:
    piece = b"".join(LINE % number for number in range(1 << 12))
    for _ in range(lines >> 12):
        ctypes.PyDLL(None).write(2, piece, len(piece))


def by_python(lines: int) -> None:
    for number in range(lines):
        print((LINE % number).decode(), end="", file=sys.stderr)


def by_log(lines: int) -> None:
    for number in range(lines):
        logging.getLogger("tifffile").warning((LINE % number).decode())


def by_warning(lines: int) -> None:
    for number in range(lines):
        warnings.warn_explicit((LINE % number).decode(), UserWarning, "tiff.py", 1, "PIL.TiffImagePlugin")


def by_a_program(lines: int) -> None:
    os.system(f"yes 'all is wrong at length, and in many words' | head -c {len(LINE) * lines} >&2 2>/dev/null")


@pytest.mark.slow_except("by_c-100000")
@pytest.mark.skipif(os.name != "posix", reason="elsewhere nobody listens to stderr")
@pytest.mark.parametrize(
    ("say", "lines"),
    [
        (by_c, 100_000),
        (in_large_pieces_by_c, 2_000_000),
        (by_python, 50_000),
        (by_log, 50_000),
        (by_warning, 50_000),
        (by_a_program, 2_000_000),
    ],
)
def test_of_foreign_messages_the_first_are_kept_and_the_rest_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, say: Callable[[int], None], lines: int
):
    """Whoever says them: neither memory nor the temporary folder grows with them, and nobody waits."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "there is none"))
    monkeypatch.setattr(logging.getLogger("tifffile"), "propagate", False)  # pytest keeps all that is logged
    status = os.fstat(2)
    tracemalloc.start()
    with captured_messages(printed=True) as told:
        say(lines)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert told
    assert most < 8_000_000
    assert sum(map(len, told)) <= 200_000
    if say is not by_a_program:
        assert told[:100] == [(LINE % number).decode().strip() for number in range(100)]
    assert os.path.samestat(os.fstat(2), status)


def test_without_a_standard_error_nobody_listens_to_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "__stderr__", None)  # as Python has it then
    before = os.fstat(2)
    with captured_messages(printed=True) as told:
        assert os.path.samestat(os.fstat(2), before)
        warnings.warn_explicit("a strip is short", UserWarning, "tiff.py", 1, "PIL.TiffImagePlugin")
    assert told == ["a strip is short"]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            r"incorrect StripByteCounts count (1 != b'\xff\xd8\'x(')",
            "incorrect StripByteCounts count (1 != other data)",
        ),
        (r"""found b"it's" and b'cut of""", "found other data and other data"),
        ("Bob's b 'page' is kept", "Bob's b 'page' is kept"),
    ],
)
def test_bytes_are_no_words(said: str, shown: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(logging.getLogger("tifffile"), "propagate", False)
    with captured_messages(printed=False) as told:
        logging.getLogger("tifffile").warning(said)
    assert told == [shown]
