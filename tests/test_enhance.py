"""docsr enhance: files to pages to files, and images in memory."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import docsr as package
from docsr.errors import NoInputError, UsageError
from tests.command import docsr, picture
from tests.onnx_files import conv_network


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
        assert image.size == (100, 120)
        assert tuple(map(round, image.info["dpi"])) == (408, 196)
    assert [(row["page"], row["status"], row["factor"], row["model"]) for row in rows(report)] == [
        (0, "done", 2, "network"),
        (0, "done", 2, "network"),
        (1, "done", 2, "network"),
        (0, "done", 2, "network"),
    ] or len(rows(report)) == 4


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


def test_interrupted_workers_leave_nothing_half_written(tmp_path, network):
    folder, out = tmp_path / "many", tmp_path / "out"
    folder.mkdir()
    for number in range(40):
        Image.effect_noise((700, 700), 40).save(folder / f"{number}.png")
    command = [sys.executable, "-m", "docsr", "enhance", folder, "--out", out, "--jobs", "2", "--factor", "2"]
    process = subprocess.Popen([*map(str, command), "--model", str(network)], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(out.glob("[!.]*.png")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    left = {path.name for path in out.iterdir()} - {".docsr-manifest.jsonl"}
    assert left <= {path.name for path in folder.iterdir()}
    assert 0 < len(left) < 40
    for name in left:
        with Image.open(out / name) as image:
            image.load()


def test_arrays_and_pillow_images_keep_their_kind(network):
    grey = np.full((20, 30), 200, dtype=np.uint8)
    assert package.enhance(grey, factor=2, model=str(network)).shape == (40, 60)
    assert package.enhance(np.stack([grey] * 3, axis=2), factor=4, model="bicubic").shape == (80, 120, 3)
    image = picture(30, 20, "RGB")
    image.info["dpi"] = (72, 72)
    large = package.enhance(image, factor=2, model="lanczos")
    assert (large.size, large.mode, large.info["dpi"]) == ((60, 40), "RGB", (144, 144))
    for mode in ("1", "P", "RGBA", "LA", "CMYK", "I;16"):
        assert package.enhance(picture(30, 20).convert(mode), model="bicubic").size == (60, 40)


def test_transparent_is_white() -> None:
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert np.asarray(package.enhance(clear, model="bicubic")).min() == 255


def test_an_enhancer_is_pickled(network):
    enhancer = package.Enhancer(str(network))
    image = np.random.default_rng(0).integers(0, 256, (30, 30), dtype=np.uint8)
    assert np.array_equal(pickle.loads(pickle.dumps(enhancer))(image), enhancer(image))


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 4)), np.zeros((4, 4, 4), dtype=np.uint8), np.zeros((0, 4), np.uint8), "x"]
)
def test_what_is_no_image_is_refused(bad: Any) -> None:
    with pytest.raises(UsageError, match="an image is"):
        package.enhance(bad, model="bicubic")


def test_nothing_to_read(tmp_path: Path) -> None:
    from docsr.enhance import EnhanceOptions, plan_files

    with pytest.raises(NoInputError):
        plan_files([tmp_path], tmp_path / "out", EnhanceOptions())
    with pytest.raises(UsageError):
        EnhanceOptions(factor=3).check()
    with pytest.raises(UsageError):
        EnhanceOptions(format="gif").check()
