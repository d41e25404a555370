"""``docsr prepare``, ``train`` and ``export`` as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import docsr

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples"
TINY = ("--set", "generator.args={channels: 8, blocks: 1}", "--set", "data.lr_patch=12", "--set", "data.batch=2",
        "--set", "data.workers=0", "--set", "output.validation_pages=0", "--set", "output.log_every=2")  # fmt: skip


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: docsr(capsys, monkeypatch, *arguments)


def test_from_documents_to_an_enlarged_page(run, tmp_path):
    prepared = run("prepare", "images", SAMPLES / "train", "--out", "p", "--patch", "128", "--per-page", "4")
    assert prepared.code == 0, prepared.err
    assert "training and" in prepared.out
    assert json.loads((tmp_path / "p" / "store.json").read_text())["x_height"] == 24.0

    first = run("train", "--factor", 2, "--data", "p", "--out", "r", *TINY, "--set", "schedule.steps=4")
    assert first.code == 0, first.err
    assert "step 4, validation: psnr" in first.err
    again = run("train", "--factor", 2, "--data", "p", "--out", "r", *TINY, "--set", "schedule.steps=4")
    assert again.code == 2
    assert "--resume" in again.err
    more = run("train", "--out", "r", "--resume", "--set", "schedule.steps=6")
    assert more.code == 0, more.err
    assert "step 6" in more.err

    exported = run("export", "r/checkpoint.safetensors", "--out", "mine.onnx")
    assert exported.code == 0, exported.err
    assert "largest difference to torch" in exported.out
    enlarged = run("enhance", SAMPLES / "flyer.png", "--out", "hi", "--model", "mine.onnx", "--factor", "2")
    assert enlarged.code == 0, enlarged.err
    assert "75 dpi -> 874x896 @ 150 dpi" in enlarged.out


def test_training_without_data_is_a_demonstration(run):
    ran = run("train", *TINY, "--set", "schedule.steps=1")
    assert ran.code == 0, ran.err
    assert "demonstration" in ran.err
    assert "runs/compact_x2" in ran.out


def test_a_misspelt_option_is_one_sentence(run):
    ran = run("train", "--set", "schedule.stepz=1")
    assert ran.code == 2
    assert ran.err == (
        "docsr: error: unknown option 'schedule.stepz'; did you mean 'steps'? (choices: "
        + ran.err.split("(choices: ")[1]
    )


def test_as_is_and_a_text_size_exclude_each_other(run):
    assert run("prepare", "images", SAMPLES, "--out", "p", "--as-is", "--x-height", "20").code == 2


def test_an_export_of_nothing(run):
    ran = run("export", "none.safetensors", "--out", "x.onnx")
    assert ran.code == 2
    assert "does not exist" in ran.err
