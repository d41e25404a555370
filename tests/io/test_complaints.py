"""What libraries tell those who program with them is dropped, and nothing else, by however many threads."""

from __future__ import annotations

import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest

from docsr.io.complaints import hush
from docsr.io.pdf_scans import write_scans
from docsr.page import Page


def test_a_category_is_dropped_and_others_are_not():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        hush(pikepdf.PageCopyWarning)
        filters = list(warnings.filters)
        hush(pikepdf.PageCopyWarning)
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
