"""A folder with bad files in it: the good ones are done, each bad one is named, nothing is half-written."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.command import docsr, picture
from tests.onnx_files import conv_network

BAD = {"empty.png", "truncated.png", "text.png", "dangling.png"}


def bad_files(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "empty.png").touch()
    Image.effect_noise((300, 300), 50).save(folder / "truncated.png")
    content = (folder / "truncated.png").read_bytes()
    (folder / "truncated.png").write_bytes(content[: len(content) // 2])
    (folder / "text.png").write_text("this is no picture")
    (folder / "dangling.png").symlink_to(folder / "gone.png")


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
    told = [line for line in ran.err.splitlines() if line]
    assert len(told) == len(BAD)
    assert all(sum(f"{name} " in line for line in told) == 1 for name in BAD)
    assert "Traceback" not in ran.err
    written = {path.name for path in out.iterdir()} - {".docsr-manifest.jsonl"}
    assert written == {path.name for path in folder.iterdir()} - BAD
    with Image.open(out / "strip.png") as strip, Image.open(out / "dot.png") as dot:
        assert (strip.size, dot.size) == ((200, 40_000), (2, 2))
    assert before == {path: path.read_bytes() for path in before}


@pytest.mark.parametrize("jobs", [1, 2])
def test_only_bad_files_is_exit_3(tmp_path, capsys, monkeypatch, jobs):
    bad_files(tmp_path / "in")
    wish = ["--factor", 2, "--model", "bicubic", "--jobs", jobs]
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "in", "--out", tmp_path / "out", *wish)
    assert ran.code == 3
    assert all(name in ran.err for name in BAD)
    assert not list(tmp_path.glob("out/*"))


def test_a_full_or_forbidden_output_folder_is_a_sentence(tmp_path, capsys, monkeypatch):
    picture().save(tmp_path / "a.png")
    (tmp_path / "out").write_text("a file where the folder should be")
    wish = ["--factor", 2, "--model", "bicubic"]
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "a.png", "--out", tmp_path / "out" / "deep", *wish)
    assert ran.code == 1
    assert "could not be written" in ran.err
