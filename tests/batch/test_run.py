"""docsr enhance: files to pages to files, and images in memory."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from docsr.errors import NoInputError, UsageError
from docsr.io.document import read_document
from tests.command import docsr, picture
from tests.upscalers.onnx_files import conv_network


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return conv_network(tmp_path / "network.onnx", metadata={"docsr.overlap": "3"})


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    (folder / "deep").mkdir(parents=True)
    picture().save(folder / "a.png", dpi=(100, 100))
    picture(mode="RGB").save(folder / "deep" / "b.jpg", dpi=(75, 75))
    picture(50, 60).convert("1").save(
        folder / "c.tif",
        dpi=(204, 98),
        compression="group4",
        save_all=True,
        append_images=[picture(40, 30).convert("1")],
    )
    return folder


def rows(path: Path) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = json.loads(path.read_text())
    return content


def test_a_tree_is_mirrored_and_dpi_follows(scans, tmp_path, network, capsys, monkeypatch):
    out, report = tmp_path / "out", tmp_path / "report.json"
    ran = docsr(
        capsys, monkeypatch, "enhance", scans, "--out", out, "--factor", 2, "--model", network, "--report", report
    )
    assert (ran.code, ran.err) == (0, "")
    assert "120x80 @ 100 dpi -> 240x160 @ 200 dpi" in ran.out
    with Image.open(out / "deep" / "b.jpg") as image:
        assert image.size == (240, 160)
        assert tuple(map(round, image.info["dpi"])) == (150, 150)
    with Image.open(out / "c.tif") as image:
        assert getattr(image, "n_frames", 1) == 2
        assert image.size == (70, 174)
        assert tuple(map(round, image.info["dpi"])) == (283, 283)  # made square, with as many pixels
    found = [(Path(row["input"]).name, row["page"], row["status"], row["factor"], row["model"]) for row in rows(report)]
    assert found == [
        ("a.png", 1, "done", 2, "network.onnx"),
        ("c.tif", 1, "done", 2, "network.onnx"),
        ("c.tif", 2, "done", 2, "network.onnx"),
        ("b.jpg", 1, "done", 2, "network.onnx"),
    ]
    sizes = ("size_in", "size_out", "dpi_in", "dpi_out", "tiles", "error")
    found = [rows(report)[2][key] for key in sizes]
    assert found[:3] + found[4:] == [[40, 30], [56, 86], [204, 98], 1, None]
    assert found[3] == pytest.approx([2 * math.sqrt(204 * 98)] * 2)


def test_what_is_done_is_skipped_and_what_changed_is_done_again(scans, tmp_path, network, capsys, monkeypatch):
    out, report = tmp_path / "out", tmp_path / "report.json"

    def statuses(*more: object) -> dict[str, str]:
        wish = ["enhance", scans, "--out", out, "--factor", 2, "--model", network, "--report", report, *more]
        assert docsr(capsys, monkeypatch, *wish).code == 0
        return {Path(row["input"]).name: row["status"] for row in rows(report)}

    assert set(statuses().values()) == {"done"}
    assert set(statuses().values()) == {"skipped"}
    picture(90, 90).save(scans / "a.png")
    assert statuses() == {"a.png": "done", "c.tif": "skipped", "b.jpg": "skipped"}
    assert set(statuses("--overwrite").values()) == {"done"}
    (out / "a.png").unlink()
    assert statuses()["a.png"] == "done"
    conv_network(network, metadata={"docsr.overlap": "3"}, seed=5)
    assert set(statuses().values()) == {"done"}
    with (out / ".docsr-manifest.jsonl").open("a") as file:
        file.write('{"input": "cut o')
    assert set(statuses().values()) == {"skipped"}


def test_exact_dpi(scans, tmp_path, network, capsys, monkeypatch):
    out = tmp_path / "out"
    assert docsr(capsys, monkeypatch, "enhance", scans, "--out", out, "--dpi", 300).code == 0
    with Image.open(out / "a.png") as image:
        assert image.size == (360, 240)
        assert tuple(map(round, image.info["dpi"])) == (300, 300)
    picture().save(scans / "unknown.png")
    ran = docsr(capsys, monkeypatch, "enhance", scans, "--out", out, "--dpi", 300)
    assert ran.code == 1
    assert "does not say its dpi" in ran.err


def test_auto_leaves_a_page_without_text_as_it_is(tmp_path, capsys, monkeypatch):
    source = tmp_path / "blank.png"
    Image.new("L", (300, 200), "white").save(source, dpi=(72, 72))
    report = tmp_path / "report.json"
    ran = docsr(capsys, monkeypatch, "enhance", source, "--out", tmp_path / "out", "--report", report)
    assert ran.code == 0
    assert (tmp_path / "out" / "blank.png").read_bytes() == source.read_bytes()
    assert [(row["status"], row["factor"], row["model"]) for row in rows(report)] == [("copied", 1, "none")]
    ran = docsr(capsys, monkeypatch, "enhance", source, "--out", tmp_path / "out", "--format", "tiff")
    with Image.open(tmp_path / "out" / "blank.tif") as image:
        assert (ran.code, image.size) == (0, (300, 200))


def test_processes_give_what_one_process_gives(scans, tmp_path, network, capsys, monkeypatch):
    wish = ["enhance", scans, "--factor", 2, "--model", network]
    assert docsr(capsys, monkeypatch, *wish, "--out", tmp_path / "one").code == 0
    assert docsr(capsys, monkeypatch, *wish, "--out", tmp_path / "two", "--jobs", 2).code == 0
    for path in ("a.png", "deep/b.jpg", "c.tif"):
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()


def test_an_original_is_never_overwritten(scans, tmp_path, network, capsys, monkeypatch):
    before = (scans / "a.png").read_bytes()
    ran = docsr(capsys, monkeypatch, "enhance", scans / "a.png", "--out", scans, "--factor", 2, "--model", network)
    assert ran.code == 2
    assert ran.err.startswith("docsr: error: ")
    assert (scans / "a.png").read_bytes() == before


def test_a_multi_page_file_does_not_fit_png(scans, tmp_path, network, capsys, monkeypatch):
    wish = ["--factor", 2, "--model", network, "--format", "png"]
    ran = docsr(capsys, monkeypatch, "enhance", scans / "c.tif", "--out", tmp_path / "out", *wish)
    assert ran.code == 1
    assert "2 pages" in ran.err


def test_nothing_to_read(tmp_path: Path) -> None:
    from docsr.batch.run import EnhanceOptions, plan_files

    with pytest.raises(NoInputError):
        plan_files([tmp_path], tmp_path / "out", EnhanceOptions())
    with pytest.raises(UsageError):
        EnhanceOptions(factor=3).check()
    with pytest.raises(UsageError):
        EnhanceOptions(format="gif").check()


@pytest.mark.parametrize("form", ["png", "tiff", "pdf"])
def test_one_bit_pages_keep_one_bit_where_that_is_asked_for(tmp_path, capsys, monkeypatch, form):
    picture(80, 60).convert("1").save(tmp_path / "a.tif", compression="group4", dpi=(100, 100))
    wish = ["--factor", 2, "--model", "bicubic", "--format", form, "--binarize"]
    assert docsr(capsys, monkeypatch, "enhance", tmp_path / "a.tif", "--out", tmp_path / "out", *wish).code == 0
    (large,) = read_document(next((tmp_path / "out").glob("a.*")))
    assert large.bilevel
    assert (large.width, large.height, round((large.dpi or (0, 0))[0])) == (160, 120, 200)
    small = np.asarray(picture(80, 60).convert("1"), np.uint8) * 255
    expected = cv2.resize(small, (160, 120), interpolation=cv2.INTER_CUBIC)
    assert np.array_equal(large.pixels, np.where(expected < 128, 0, 255))


def test_one_bit_bitmaps_keep_one_bit_too(tmp_path, capsys, monkeypatch):
    picture(80, 60).convert("1").save(tmp_path / "a.bmp")
    wish = ["--factor", 2, "--model", "bicubic", "--binarize", "--out", tmp_path / "out"]
    assert docsr(capsys, monkeypatch, "enhance", tmp_path / "a.bmp", *wish).code == 0
    with Image.open(tmp_path / "out" / "a.bmp") as large:
        assert (large.mode, large.size) == ("1", (160, 120))


def test_grey_pages_stay_grey_and_jpeg_holds_no_one_bit_pages(tmp_path, capsys, monkeypatch):
    picture(80, 60).save(tmp_path / "a.tif")
    wish = ["--factor", 2, "--model", "bicubic", "--binarize", "--out", tmp_path / "out"]
    assert docsr(capsys, monkeypatch, "enhance", tmp_path / "a.tif", *wish).code == 0
    (large,) = read_document(tmp_path / "out" / "a.tif")
    assert not large.bilevel
    refused = docsr(capsys, monkeypatch, "enhance", tmp_path / "a.tif", *wish, "--format", "jpg")
    assert (refused.code, "jpg cannot hold one-bit pages" in refused.err) == (2, True)
