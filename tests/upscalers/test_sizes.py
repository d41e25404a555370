"""What a dry run says of sizes is near to what comes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from docsr.cli.tell import Tally
from docsr.page import Page
from docsr.upscalers.results import PageResult
from docsr.upscalers.sizes import LARGEST, expected_bytes
from tests.command import docsr

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


def told(out: str) -> list[dict[str, Any]]:
    """The rows of --log-json."""
    return [row for row in map(json.loads, out.splitlines()) if "progress" not in row]


def crop(name: str, path: Path, box: tuple[int, int, int, int] = (0, 0, 420, 400)) -> Path:
    with Image.open(SAMPLES / name) as image:
        dpi = tuple(map(float, image.info.get("dpi", (100, 100))))
        image.convert("RGB" if image.mode == "P" else image.mode).crop(box).save(path, dpi=dpi)
    return path


@pytest.mark.parametrize("form", ["png", "tiff", "jpg", "webp", "pdf"])
@pytest.mark.parametrize(
    ("name", "suffix"), [("letter.png", "png"), ("flyer.png", "png"), ("typewritten.jpg", "jpg"), ("fax.tif", "tif")]
)
def test_the_size_is_within_a_factor_of_two(tmp_path, capsys, monkeypatch, name, suffix, form):
    path = crop(name, tmp_path / f"a.{suffix}")
    wish = ["enhance", path, "--out", tmp_path / "out", "--format", form, "--factor", 2, "--log-json"]
    row, end = told(docsr(capsys, monkeypatch, *wish, "--dry-run").out)
    assert not (tmp_path / "out").exists()
    made, _ = told(docsr(capsys, monkeypatch, *wish).out)
    assert row["bytes_in"] == made["bytes_in"] == path.stat().st_size
    assert made["bytes_out"] / 2 < row["bytes_out"] < made["bytes_out"] * 2, (row["bytes_out"], made["bytes_out"])
    assert end["end"]["bytes_out"] == row["bytes_out"]


def test_a_pdf_of_scans_and_a_file_that_is_copied_too(tmp_path, capsys, monkeypatch):
    pages = [
        Image.open(crop(name, tmp_path / f"{name}.png")) for name in ("letter.png", "typewritten.jpg", "letter.png")
    ]
    pages[0].save(tmp_path / "a.pdf", save_all=True, append_images=pages[1:], resolution=100)
    Image.new("L", (300, 300), 255).save(tmp_path / "blank.png")
    inputs = [tmp_path / "a.pdf", tmp_path / "blank.png"]
    wish = ["enhance", *inputs, "--out", tmp_path / "out", "--log-json"]
    *planned, _ = told(docsr(capsys, monkeypatch, *wish, "--dry-run").out)
    *made, _ = told(docsr(capsys, monkeypatch, *wish).out)
    assert [row["page"] for row in planned] == [1, 2, 3, 1]
    for before, after in zip(planned, made, strict=True):
        assert after["bytes_out"] / 2 < before["bytes_out"] < after["bytes_out"] * 2
    assert planned[3]["bytes_out"] == planned[3]["bytes_in"] == made[3]["bytes_out"]


def test_a_band_that_fills_the_memory_is_not_tried():
    wide = Page(np.full((2, 5_000_000), 255, np.uint8))
    assert expected_bytes(wide, (8 * wide.width, 16), "tiff", 90) is None
    assert 16 * 8 * wide.width > LARGEST


def test_files_that_grow_over_tenfold_are_told_with_what_to_do(tmp_path, capsys, monkeypatch):
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        crop("fax.tif", tmp_path / "in" / f"{name}.tif", (0, 0, 1000, 458))
        with Image.open(tmp_path / "in" / f"{name}.tif") as image:
            image.convert("1").save(tmp_path / "in" / f"{name}.tif", compression="group4", dpi=(150, 150))
    wish = ["enhance", tmp_path / "in", "--out", tmp_path / "out", "--factor", 4, "--model", "bicubic"]
    for more, becomes in ((["--grey", "--dry-run"], "would become about"), (["--grey"], "became")):
        ran = docsr(capsys, monkeypatch, *wish, *more)
        (warning,) = ran.err.splitlines()
        assert warning.startswith(f"docsr: warning: {tmp_path}/in/")
        assert f".tif {becomes} " in warning
        assert "(2 files grew over tenfold, this one most): smaller are: one bit per pixel (--binarize" in warning
        assert "--format pdf" in warning
        assert f" {becomes} " in ran.out.splitlines()[-1]
    small = docsr(capsys, monkeypatch, *wish)
    assert (small.code, small.err) == (0, "")


@pytest.mark.parametrize("form", ["pdf", "jpg", "webp", "png", "tif"])
def test_a_format_is_advised_to_who_has_a_larger_one(form: str):
    tally = Tally(keep_rows=False)
    tally.add(PageResult("a.pdf", f"out/a.{form}", 1, "done", bytes_in=3_000, bytes_out=90_000))
    warning = tally.warning()
    assert warning is not None
    assert ("--format" in warning) == (form in {"png", "tif"})
    assert "a lower --quality" in warning
