"""Pages that would become too large: a dry run says so, and a real run before anything is enlarged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docsr.batch import worker
from tests.command import docsr

WISH = ("--factor", 4, "--model", "bicubic", "--max-memory", 300)
AT_DPI = ("--dpi", 290, "--model", "bicubic", "--max-memory", 300)
BECOMES = "it would become 8960 x 8960 px: it needs 0.3 GB of memory, and 0.3 GB are allowed"
IN_PIECES = "; use a smaller --factor, or --format tiff or png (without --binarize), which are written piece by piece"
SIDES = (
    "a.webp could not be written: WEBP cannot hold 16800 x 160 pixels (16,383 a side at most): use a smaller --factor, "
    "or --format tiff or png"
)


def large(path: Path, size: tuple[int, int], mode: str) -> Path:
    Image.new(mode, size, 255).save(path, dpi=(75, 75))
    return path


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize(
    ("name", "size", "mode", "wish", "told"),
    [
        ("a.jpg", (2240, 2240), "L", WISH, BECOMES + " (docsr enhance --max-memory)" + IN_PIECES),
        ("a.bmp", (2240, 2240), "L", WISH, BECOMES),
        ("a.png", (2240, 2240), "L", (*WISH, "--format", "webp"), BECOMES),
        ("a.png", (2240, 2240), "L", (*WISH, "--format", "pdf"), BECOMES),
        ("a.pdf", (2240, 2240), "L", WISH, BECOMES),
        ("a.png", (2240, 2240), "1", (*WISH, "--binarize"), BECOMES),
        ("a.png", (2240, 2240), "L", (*AT_DPI, "--format", "tiff"), "; use a lower --dpi, or --factor instead"),
        ("a.webp", (4200, 40), "L", WISH, SIDES),
        ("a.png", (4200, 40), "L", (*WISH, "--format", "webp"), SIDES),
    ],
    ids=lambda one: "-".join(map(str, one)) if isinstance(one, tuple) else str(one)[:12],
)
def test_what_cannot_be_written_is_refused_when_it_is_planned(
    tmp_path, capsys, monkeypatch, name, size, mode, wish, told
):
    def upscaling(*_: object, **__: object) -> None:
        pytest.fail("it is enlarged")

    monkeypatch.setattr(worker, "upscale_bands", upscaling)
    path, report = large(tmp_path / name, size, mode), tmp_path / "rows.json"
    errors = []
    for more in ("--dry-run",), ():
        out = tmp_path / "out"
        ran = docsr(capsys, monkeypatch, "enhance", path, "--out", out, *wish, *more, "--report", report)
        (row,) = json.loads(report.read_text())
        assert (ran.code, row["status"]) == (1, "failed"), more
        errors.append(row["error"])
    assert errors[0] == errors[1]
    assert told in errors[0]


@pytest.mark.parametrize(
    ("name", "size", "mode", "wish"),
    [
        ("a.tif", (2240, 2240), "L", WISH),
        ("a.png", (2240, 2240), "1", (*WISH, "--grey")),
        ("a.webp", (4000, 40), "L", WISH),
        ("a.jpg", (2000, 1000), "L", WISH),
        ("a.webp", (16_000, 40), "L", ("--model", "none")),
    ],
)
def test_what_is_planned_is_written(tmp_path, capsys, monkeypatch, name, size, mode, wish):
    path = large(tmp_path / name, size, mode)
    for more in ("--dry-run",), ():
        assert docsr(capsys, monkeypatch, "enhance", path, "--out", tmp_path / "out", *wish, *more).code == 0, more
    with Image.open(tmp_path / "out" / name) as made:
        times = 1 if "none" in wish else 4
        assert made.size == (times * size[0], times * size[1])


def test_one_page_that_is_too_large_costs_no_other(tmp_path, capsys, monkeypatch):
    path = tmp_path / "a.tif"
    pages = [Image.fromarray(np.full(size, 255, np.uint8)) for size in ((100, 100), (2240, 2240))]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    wish = (path, "--out", tmp_path / "out", *WISH, "--format", "pdf", "--report", tmp_path / "rows.json")
    assert docsr(capsys, monkeypatch, "enhance", *wish).code == 1
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert [row["status"] for row in rows] == ["done", "failed"]
    assert BECOMES in rows[1]["error"]
