"""A folder with bad files in it: the good ones are done, each bad one is named, nothing is half-written."""

from __future__ import annotations

import errno
import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from onnx import helper, numpy_helper
from PIL import Image, ImageSequence

from docsr.decide.text_size import TextSize, measure
from docsr.page import Pixels
from tests.command import docsr, picture
from tests.upscalers.onnx_files import conv_network, save

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="/proc is a folder that even root cannot write in")
BAD = {"empty.png", "truncated.png", "text.png", "dangling.png"}


def bad_files(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "empty.png").touch()
    Image.effect_noise((300, 300), 50).save(folder / "truncated.png")
    content = (folder / "truncated.png").read_bytes()
    (folder / "truncated.png").write_bytes(content[: len(content) // 2])
    (folder / "text.png").write_text("this is no picture")
    (folder / "dangling.png").symlink_to(folder / "gone.png")


@pytest.mark.slow_except("2")
@pytest.mark.parametrize("jobs", [1, 2])
def test_good_pages_are_done_and_bad_ones_named(tmp_path, capsys, monkeypatch, jobs):
    folder, out = tmp_path / "in", tmp_path / "out"
    bad_files(folder)
    Image.new("L", (1, 1)).save(folder / "dot.png")
    Image.new("L", (100, 20_000), 128).save(folder / "strip.png")
    for number in range(14):
        picture(60 + number, 50).save(folder / f"good{number}.png", dpi=(75, 75))
    network = conv_network(tmp_path / "network.onnx", metadata={"docsr.overlap": "3"})
    before = {path: path.read_bytes() for path in folder.iterdir() if path.exists()}
    wish = ["enhance", folder, "--out", out, "--factor", 2, "--model", network, "--jobs", jobs]
    ran = docsr(capsys, monkeypatch, *wish)
    assert ran.code == 1
    told = [line for line in ran.err.splitlines() if line.startswith("docsr: failed")]
    assert len(told) == len(BAD)
    assert all(sum(f"{name} " in line for line in told) == 1 for name in BAD)
    assert "Traceback" not in ran.err
    written = {path.name for path in out.iterdir()} - {".docsr-manifest.jsonl"}
    assert written == {path.name for path in folder.iterdir()} - BAD
    with Image.open(out / "strip.png") as strip, Image.open(out / "dot.png") as dot:
        assert (strip.size, dot.size) == ((200, 40_000), (2, 2))
    assert before == {path: path.read_bytes() for path in before}


@pytest.mark.slow_except("1")
@pytest.mark.parametrize("jobs", [1, 2])
def test_only_bad_files_is_exit_3(tmp_path, capsys, monkeypatch, jobs):
    bad_files(tmp_path / "in")
    wish = ["--factor", 2, "--model", "bicubic", "--jobs", jobs]
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "in", "--out", tmp_path / "out", *wish)
    assert ran.code == 3
    assert all(name in ran.err for name in BAD)
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize("out", [pytest.param("/proc/out", marks=LINUX), "a.png/out", "n" * 300])
def test_an_output_folder_that_cannot_be_written_is_said_once(tmp_path, capsys, monkeypatch, out):
    for name in ("a.png", "b.png"):
        picture().save(tmp_path / name)
    wish = [tmp_path, "--out", tmp_path / out, "--factor", 2, "--model", "bicubic"]
    ran = docsr(capsys, monkeypatch, "enhance", *wish)
    assert ran.code == 2
    assert ran.err.startswith(f"docsr: error: nothing can be written in --out {tmp_path / out}: ")
    assert len(ran.err.splitlines()) == 1
    assert docsr(capsys, monkeypatch, "enhance", *wish, "--dry-run").code == 0


def test_what_is_done_may_lie_where_nothing_can_be_written_any_more(tmp_path, capsys, monkeypatch):
    def refuse(**_: Any) -> Any:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    picture().save(tmp_path / "a.png")
    wish = [tmp_path, "--out", tmp_path / "out", "--factor", 2, "--model", "bicubic"]
    assert docsr(capsys, monkeypatch, "enhance", *wish).code == 0
    monkeypatch.setattr("docsr.cli.checks.TemporaryFile", refuse)
    assert docsr(capsys, monkeypatch, "enhance", *wish).code == 0
    assert docsr(capsys, monkeypatch, "enhance", *wish, "--overwrite").code == 2
    picture().save(tmp_path / "b.png")
    ran = docsr(capsys, monkeypatch, "enhance", *wish)
    assert (ran.code, ran.err.lower().count(os.strerror(errno.EROFS).lower())) == (2, 1)


def rows(path: Path) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = json.loads(path.read_text())
    return content


@pytest.mark.parametrize("error", [cv2.error("assertion failed\nin a file"), ValueError("empty"), struct.error("'I'")])
def test_whatever_a_library_raises_costs_one_file(tmp_path, capsys, monkeypatch, error):
    (tmp_path / "in").mkdir()
    for name, width in (("a", 60), ("b", 61), ("c", 62)):
        picture(width, 50).save(tmp_path / "in" / f"{name}.png")

    def failing(pixels: Pixels) -> TextSize | None:
        if pixels.shape[1] == 61:
            raise error
        return measure(pixels)

    monkeypatch.setattr("docsr.batch.page_plan.measure", failing)
    wish = ["--factor", 2, "--model", "bicubic"]
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "in", "--out", tmp_path / "out", *wish)
    assert ran.code == 1
    reason = str(error).partition("\n")[0]
    assert ran.err == f"docsr: failed: {tmp_path / 'in' / 'b.png'} could not be done: {reason}\n"
    assert sorted(path.name for path in (tmp_path / "out").glob("[!.]*")) == ["a.png", "c.png"]


def test_a_page_that_would_become_too_large_is_refused_before_its_memory_is_taken(tmp_path, capsys, monkeypatch):
    picture(600, 600).save(tmp_path / "a.png", dpi=(10, 10))
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "a.png", "--out", tmp_path / "out", "--dpi", 4800)
    assert ran.code == 1
    assert "a.png: it would become 288000 x 288000 px, more than 1,000,000,000" in ran.err


def test_how_large_a_page_may_be_is_the_users_to_say(tmp_path, capsys, monkeypatch):
    picture(60, 40).save(tmp_path / "a.png")
    wish = ["--factor", 2, "--model", "bicubic", "--out", tmp_path / "out"]
    read = docsr(capsys, monkeypatch, "enhance", tmp_path / "a.png", *wish, "--max-pixels", 2399)
    assert (read.code, "it has more than 2,399 pixels" in read.err) == (3, True)
    wish += ["--max-pixels", 2400]
    written = docsr(capsys, monkeypatch, "enhance", tmp_path / "a.png", *wish, "--format", "jpg")
    assert (written.code, "it would become 120 x 80 px, more than 2,400" in written.err) == (1, True)
    assert not list((tmp_path / "out").glob("[!.]*"))
    for format, suffix in (("tiff", "tif"), ("png", "png")):  # written strip by strip
        assert docsr(capsys, monkeypatch, "enhance", tmp_path / "a.png", *wish, "--format", format).code == 0
        with Image.open(tmp_path / "out" / f"a.{suffix}") as large:
            assert large.size == (120, 80)


def three_pages(path: Path, last: Any) -> Path:
    """Write a TIFF of two good pages of 37 x 47 px and another."""
    with tifffile.TiffWriter(path) as writer:
        for values in (np.full((47, 37), 200, np.uint8), np.full((47, 37), 90, np.uint8), last):
            writer.write(values, photometric="minisblack")
    return path


def small_page_network(path: Path) -> Path:
    """Write a network that looks fine when it is probed, and fails on any page that is not 37 x 47 px."""
    scales = numpy_helper.from_array(np.array([1, 1, 2, 2], dtype=np.float32), "scales")
    shape = numpy_helper.from_array(np.array([1, 1, 94, 74], dtype=np.int64), "shape")
    nodes = [
        helper.make_node("Resize", ["x", "", "scales"], ["a"], mode="nearest"),
        helper.make_node("Reshape", ["a", "shape"], ["y"]),
    ]
    return save(path, nodes, [scales, shape], ["n", 1, "h", "w"], {})


def test_a_damaged_page_is_named_and_the_others_of_its_file_are_done(tmp_path, capsys, monkeypatch):
    path = three_pages(tmp_path / "a.tif", np.full((48, 40), 10**6, np.int32))
    report = tmp_path / "report.json"
    wish = ["--factor", 2, "--model", "bicubic", "--report", report]
    ran = docsr(capsys, monkeypatch, "enhance", path, "--out", tmp_path / "out", *wish)
    assert ran.code == 1
    assert "a.tif, page 3, could not be read" in ran.err
    assert "it is left out" in ran.err
    assert "3 pages in 1 file: 2 done, 1 failed; " in ran.out
    found = [(row["page"], row["status"], row["size_in"], row["size_out"]) for row in rows(report)]
    assert found == [(1, "done", [37, 47], [74, 94]), (2, "done", [37, 47], [74, 94]), (3, "failed", None, None)]
    assert [row["error"] is None for row in rows(report)] == [True, True, False]


@pytest.mark.slow_except("1")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_network_that_fails_names_the_page_and_is_no_unreadable_input(tmp_path, capsys, monkeypatch, jobs):
    network, report = small_page_network(tmp_path / "mine.onnx"), tmp_path / "report.json"
    wish = ["--model", network, "--factor", 2, "--report", report, "--jobs", jobs]
    path = three_pages(tmp_path / "a.tif", np.full((50, 40), 90, np.uint8))
    ran = docsr(capsys, monkeypatch, "enhance", path, "--out", tmp_path / "out", *wish)
    assert ran.code == 1
    assert f"docsr: failed: {path}, page 3: the network mine.onnx failed on 40 x 50 px: " in ran.err
    assert [(row["page"], row["status"]) for row in rows(report)] == [(1, "done"), (2, "done"), (3, "failed")]
    with Image.open(tmp_path / "out" / "a.tif") as made:  # the page that failed is there as it was
        assert [frame.size for frame in ImageSequence.Iterator(made)] == [(74, 94), (74, 94), (40, 50)]
    (tmp_path / "out" / "a.tif").unlink()
    picture(60, 70).save(tmp_path / "b.png")
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "b.png", "--out", tmp_path / "out", *wish)
    assert ran.code == 1
    assert f"docsr: failed: {tmp_path / 'b.png'}: the network mine.onnx failed on 60 x 70 px: " in ran.err
    assert not list(tmp_path.glob("out/[!.]*"))


def test_a_page_without_dpi_was_readable(tmp_path, capsys, monkeypatch):
    picture().save(tmp_path / "a.png")
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "a.png", "--out", tmp_path / "out", "--dpi", 300)
    assert ran.code == 1
    assert "does not say its dpi" in ran.err


def test_damage_that_a_decoder_gets_over_is_told(tmp_path, capsys, monkeypatch):
    (tmp_path / "in").mkdir()
    picture(200, 200).save(tmp_path / "in" / "sound.png")
    with Image.effect_noise((400, 300), 90) as noise:
        noise.convert("1").save(tmp_path / "in" / "fax.tif", compression="group4")
    content = bytearray((tmp_path / "in" / "fax.tif").read_bytes())
    content[4000:4200] = b"\xff" * 200
    (tmp_path / "in" / "fax.tif").write_bytes(content)
    wish = ["--factor", 2, "--model", "bicubic", "--time-limit", 60, "--report", tmp_path / "rows.json"]
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "in", "--out", tmp_path / "out", *wish)
    assert ran.code == 0
    (sentence,) = ran.err.splitlines()
    assert sentence.startswith(f"docsr: warning: {tmp_path / 'in' / 'fax.tif'}: Fax")
    rows = {Path(row["input"]).name: row for row in json.loads((tmp_path / "rows.json").read_text())}
    assert "Fax" in rows["fax.tif"]["warning"]
    assert rows["sound.png"]["warning"] is None


@pytest.mark.parametrize("gone", [False, True])
def test_an_input_that_changes_or_vanishes_while_it_is_read_gives_no_output(tmp_path, capsys, monkeypatch, gone):
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        picture().save(tmp_path / "in" / f"{name}.png")
    changing = tmp_path / "in" / "a.png"

    def measured(pixels: Pixels) -> TextSize | None:
        if gone:
            changing.unlink(missing_ok=True)
        elif not changing.read_bytes().endswith(b"more"):
            changing.write_bytes(changing.read_bytes() + b"more")
        return measure(pixels)

    monkeypatch.setattr("docsr.batch.page_plan.measure", measured)
    wish = ["--factor", 2, "--model", "bicubic"]
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "in", "--out", tmp_path / "out", *wish)
    assert ran.code == 1
    assert f"{changing} " in ran.err
    assert ("does not exist" if gone else "changed while it was read: run the same command again") in ran.err
    assert [path.name for path in (tmp_path / "out").iterdir() if path.suffix == ".png"] == ["b.png"]


def test_a_page_that_takes_too_long_is_given_up_and_the_others_are_done(tmp_path, capsys, monkeypatch):
    (tmp_path / "in").mkdir()
    picture().save(tmp_path / "in" / "a.png")
    Image.effect_noise((2500, 2500), 50).save(tmp_path / "in" / "endless.png")
    wish = ["--model", "compact_x4", "--factor", 4, "--time-limit", 2]
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "in", "--out", tmp_path / "out", *wish)
    assert ran.code == 1
    (sentence,) = ran.err.splitlines()
    assert sentence.endswith("endless.png was given up: a page took longer than 2 s (--time-limit)")
    assert [path.name for path in (tmp_path / "out").iterdir() if path.suffix == ".png"] == ["a.png"]


def test_a_folder_that_may_not_be_read_is_said_to_be_so(tmp_path, capsys, monkeypatch):
    (tmp_path / "in" / "shut").mkdir(parents=True)
    picture().save(tmp_path / "in" / "a.png")
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("os.scandir", refuse)
    wish = ["--factor", 2, "--model", "bicubic"]
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "in", "--out", tmp_path / "out", *wish)
    assert ran.code == 1
    assert ran.err == f"docsr: failed: {tmp_path / 'in' / 'shut'} could not be read: permission denied\n"
