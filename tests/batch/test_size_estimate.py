"""What a dry run says of sizes is near to what comes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from docsr.batch.options import EnhanceOptions
from docsr.batch.results import PageResult
from docsr.batch.size_estimate import LARGEST_ESTIMATED, expected_bytes
from docsr.cli.output import Tally
from docsr.page import Page
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


@pytest.mark.slow_but_one_in(3)
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
    assert 16 * 8 * wide.width > LARGEST_ESTIMATED


def one_bit(path: Path, pages: int = 1) -> Path:
    """A page of one bit per pixel, which takes few bytes, as many times as is asked."""
    with Image.open(SAMPLES / "letter.png") as image:
        page = image.point(lambda level: 255 * (level > 127)).convert("1")
    page.save(path, compression="group4", dpi=(100, 100), save_all=True, append_images=[page] * (pages - 1))
    return path


@pytest.mark.slow
def test_files_that_take_over_ten_times_as_much_for_a_pixel_are_told_with_what_to_do(tmp_path, capsys, monkeypatch):
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        one_bit(tmp_path / "in" / f"{name}.tif")
    wish = ["enhance", tmp_path / "in", "--out", tmp_path / "out", "--factor", 4]
    ran = docsr(capsys, monkeypatch, *wish, "--grey")
    (warning,) = ran.err.splitlines()
    assert warning.startswith(f"docsr: warning: {tmp_path}/in/")
    assert ".tif became " in warning
    assert " times as much for each pixel (2 files grew so, this one most). It would be smaller with " in warning
    assert warning.endswith(
        "--binarize (one bit per pixel, as it came), or --format pdf, jpg or webp, or a lower --factor"
    )
    assert " became " in ran.out.splitlines()[-1]
    small = docsr(capsys, monkeypatch, *wish, "--binarize")
    assert (small.code, small.err) == (0, "")


@pytest.mark.parametrize(
    ("name", "wish"),
    [
        ("flyer.png", ["--model", "compact_x4"]),  # 91 times the bytes, 16 times the pixels
        ("fax.tif", ["--factor", "4"]),
        ("fax.tif", ["--dpi", "600"]),
    ],
)
def test_more_pixels_take_more_bytes_of_which_nothing_is_said(tmp_path, capsys, monkeypatch, name, wish):
    ran = docsr(capsys, monkeypatch, "enhance", SAMPLES / name, "--out", tmp_path, *wish, "--report", tmp_path / "r")
    (row, *_) = json.loads((tmp_path / "r").read_text())
    assert row["bytes_out"] > 40 * row["bytes_in"]
    assert (ran.code, ran.err) == (0, "")


def advised(form: str, options: EnhanceOptions, **known: Any) -> str:
    """The advice for a file of one pixel that grew thirtyfold, of which this is known."""
    tally = Tally(False, options)
    row = PageResult("a.pdf", f"out/a.{form}", 1, "done", pages=1, factor=4, model="compact_x4")
    sizes: dict[str, Any] = {"bytes_in": 3_000, "bytes_out": 90_000, "size_in": (9, 9), "size_out": (9, 9)}
    tally.add(replace(row, **(sizes | known)))
    warning = tally.growth.warning(options)
    assert warning is not None
    return warning.partition(". It would be smaller with ")[2]


@pytest.mark.parametrize(
    ("form", "options", "known", "advice"),
    [
        ("png", {}, {}, "--format pdf, jpg or webp, or a lower --factor"),
        ("tif", {}, {"pages": 2}, "--format pdf, or a lower --factor"),
        ("jpg", {}, {}, "a lower --quality, or a lower --factor"),
        ("webp", {"quality": 1}, {"factor": 2}, ""),
        ("jfif", {}, {"factor": 2}, "a lower --quality"),
        ("pdf", {}, {"widened": True}, "--binarize (one bit per pixel, as it came), or a lower --quality, or a lower "),
        ("jpg", {}, {"widened": True}, "a lower --quality, or a lower --factor"),
        ("png", {"binarize": True}, {}, "--format pdf, or a lower --factor"),
        (
            "tif",
            {},
            {"widened": True, "model": "bicubic"},
            "--binarize (one bit per pixel, as it came), or a lower --f",
        ),
        ("png", {"dpi": 600.0}, {}, "--format pdf, jpg or webp, or a lower --dpi"),
        ("png", {"model": "compact_x4"}, {}, "--format pdf, jpg or webp"),
        ("pdf", {"model": "lanczos"}, {"model": "lanczos", "factor": 8}, "a lower --factor"),
    ],
)
def test_what_is_advised_can_be_done_and_helps(form: str, options: dict[str, Any], known: dict[str, Any], advice: str):
    told = advised(form, EnhanceOptions(**options), **known)
    assert told.startswith(advice)
    assert bool(told) == bool(advice)


@pytest.mark.slow
def test_no_page_is_told_to_become_one_bit_that_never_was(tmp_path, capsys, monkeypatch):
    page, wish = one_bit(tmp_path / "a.tif", pages=2), ["--out", tmp_path / "out", "--factor", 4]
    ran = docsr(capsys, monkeypatch, "enhance", page, *wish, "--grey")
    assert "--binarize" in ran.err
    assert "--format pdf, or" in ran.err
    with Image.open(SAMPLES / "invoice.jpg") as image:
        image.convert("L").save(tmp_path / "grey.webp", quality=25)
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "grey.webp", *wish, "--format", "tiff", "--binarize")
    assert "It would be smaller with --format pdf, or a lower --factor" in ran.err
