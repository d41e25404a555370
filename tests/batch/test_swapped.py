"""Folders that are exchanged while docsr works: outputs go where they were to go, or nowhere; originals stay."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docsr.batch.outputs import Outputs
from docsr.batch.worker import FileEnhancer
from tests.command import Ran, docsr
from tests.exchanged import (
    GONE,
    ONE,
    ROOT,
    TAKEN,
    Scene,
    expected,
    folder_anew,
    folder_of_the_inputs,
    root_moved,
    root_to_the_inputs,
)

WRITERS = [
    ("png", ("--factor", 2)),
    ("jpg", ("--factor", 2)),
    ("tif", ("--factor", 2)),
    ("webp", ("--factor", 2)),
    ("bmp", ("--factor", 2)),
    ("pdf", ("--factor", 2)),  # its scans are replaced
    ("png", ()),  # copied as it is: no text, and no dpi that say that it needs more
    ("pdf", ()),  # likewise
]
"""Suffix of the scans, and what decides how their outputs are written."""


@pytest.fixture
def enhance(capsys, monkeypatch, tmp_path):
    """Run, and swap when the first output is about to be made, or, whole and noted, about to take its place."""

    def go(scene: Scene, swap: Callable[[Scene], None], late: bool, *more: object) -> tuple[Ran, dict[str, str]]:
        left = [swap]

        def once() -> None:
            if left:
                left.pop()(scene)

        do, note = FileEnhancer._process, Outputs.note

        def early(*given: Any) -> None:
            once()
            do(*given)

        def noted(*given: Any) -> None:
            note(*given)
            once()

        if late:
            monkeypatch.setattr(Outputs, "note", noted)
        else:
            monkeypatch.setattr(FileEnhancer, "_process", early)
        report = tmp_path / "report.json"
        words = [scene.scans, "--out", scene.out, "--model", "bicubic", "--report", report, *more]
        ran = docsr(capsys, monkeypatch, "enhance", *words)
        assert not left
        return ran, {Path(row["input"]).stem: row["status"] for row in json.loads(report.read_text())}

    return go


def check(scene: Scene, ran: Ran, statuses: dict[str, str], swap: Callable[[Scene], None], late: bool) -> None:
    assert scene.originals() == scene.before
    done = expected(swap, late)
    assert {name: "done" if status == "copied" else status for name, status in statuses.items()} == done, ran.err
    failed = [name for name, status in done.items() if status == "failed"]
    assert (ran.code, ran.err.count("docsr: failed: ")) == (int(bool(failed)), len(failed))
    assert "Traceback" not in ran.err
    if swap not in GONE:
        assert scene.outputs() == {f"sub/{name}" for name in done if swap in TAKEN or name not in failed}


@pytest.mark.parametrize("again", [False, True], ids=["", "overwrite"])
@pytest.mark.parametrize("late", [False, True], ids=["early", "late"])
@pytest.mark.parametrize("swap", [*ROOT, folder_anew, *GONE, *TAKEN])
def test_originals_stay_whatever_is_exchanged_and_when(tmp_path, enhance, swap, late, again):
    scene = Scene(tmp_path, "png")
    ran, statuses = enhance(scene, swap, late, "--factor", 2, *(["--overwrite"] if again else []))
    check(scene, ran, statuses, swap, late)
    if swap in TAKEN and (late or again):
        assert f"{scene.out}/{ONE}.png is an input and would be overwritten: choose another --out folder" in ran.err


@pytest.mark.slow_but_one_in(4)
@pytest.mark.parametrize("late", [False, True], ids=["early", "late"])
@pytest.mark.parametrize("swap", [root_to_the_inputs, root_moved, folder_of_the_inputs, *TAKEN[2:]])
@pytest.mark.parametrize(("suffix", "how"), WRITERS)
def test_every_writer_puts_its_outputs_in_place_so(tmp_path, enhance, suffix, how, swap, late):
    scene = Scene(tmp_path, suffix)
    ran, statuses = enhance(scene, swap, late, "--overwrite", *how)
    check(scene, ran, statuses, swap, late)
    assert "failed" in statuses.values() or set(statuses.values()) == {"done" if how else "copied"}
