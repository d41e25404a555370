"""``docsr prepare``, ``train`` and ``export`` as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
import yaml

from docsr.upscalers.onnx import OnnxUpscaler
from tests.command import docsr, picture
from tests.pairs import make_store

TRAINING = Path(__file__).resolve().parents[2] / "data" / "training"
TINY = ("--set", "generator.args={channels: 8, blocks: 1}", "--set", "data.lr_patch=12", "--set", "data.batch=2",
        "--set", "data.workers=0", "--set", "output.validation_pages=0", "--set", "output.log_every=2")  # fmt: skip


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: docsr(capsys, monkeypatch, *arguments)


def test_from_documents_to_an_enlarged_page(run, tmp_path):
    prepared = run("prepare", "images", TRAINING, "--out", "p", "--patch", "128", "--per-page", "4")
    assert prepared.code == 0, prepared.err
    assert "training and" in prepared.out
    assert json.loads((tmp_path / "p" / "store.json").read_text())["x_height"] == 24.0

    first = run("train", "--factor", 2, "--data", "p", "--out", "r", *TINY, "--set", "schedule.steps=4")
    assert first.code == 0, first.err
    assert "step 4, validation: mse" in first.err
    again = run("train", "--factor", 2, "--data", "p", "--out", "r", *TINY, "--set", "schedule.steps=4")
    assert again.code == 2
    assert "--resume" in again.err
    config = (tmp_path / "r" / "config.yaml").read_text()
    more = run("train", "--out", "r", "--resume", "--set", "schedule.steps=6")
    assert more.code == 0, more.err
    assert "step 6" in more.err
    assert (tmp_path / "r" / "config.yaml").read_text() == config.replace("steps: 4", "steps: 6")

    finish = ("--share", "0.75", "--smooth", "1.5", "--ink", "1.1")
    exported = run("export", "r/checkpoint.safetensors", "--out", "mine.onnx", *finish)
    assert exported.code == 0, exported.err
    assert "largest difference to torch" in exported.out
    told = {entry.key: entry.value for entry in onnx.load(tmp_path / "mine.onnx").metadata_props}
    assert [told[f"docsr.{name}"] for name in ("share", "smooth", "ink")] == ["0.75", "1.5", "1.1"]
    assert OnnxUpscaler(tmp_path / "mine.onnx").name == "mine"
    flyer = TRAINING.parent / "samples" / "flyer.png"
    enlarged = run("enhance", flyer, "--out", "hi", "--model", "mine.onnx", "--factor", "2")
    assert enlarged.code == 0, enlarged.err
    assert "75 dpi -> 874x896 @ 150 dpi" in enlarged.out


@pytest.mark.slow
def test_training_without_data_is_a_demonstration(run):
    ran = run("train", *TINY, "--set", "schedule.steps=1")
    assert ran.code == 0, ran.err
    assert "demonstration" in ran.err
    assert "--out my_compact_x2.onnx" in ran.out  # not the name of a shipped network


@pytest.mark.slow_except("compact")
@pytest.mark.parametrize("network", ["compact", "srgan"])
def test_a_run_goes_on_by_its_own_options_wherever_it_lies(run, tmp_path, network):
    options = ("--factor", 4, "--set", f"generator.name={network}")
    make_store(tmp_path / "p", size=64)
    first = run("train", *options, "--data", "p", *TINY, "--set", "schedule.steps=2", "--set", "seed=9")
    assert first.code == 0, first.err
    folder = tmp_path / "runs" / f"{network}_x4"
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert (config["data"]["batch"], config["seed"], config["schedule"]["steps"]) == (2, 9, 2)
    more = run("train", *options, "--resume", "--set", "schedule.steps=3")
    assert more.code == 0, more.err
    config["schedule"]["steps"] = 3
    assert yaml.safe_load((folder / "config.yaml").read_text()) == config
    other = run("train", *options, "--resume", "--set", "data.batch=3")
    assert other.code == 2
    assert "data.batch (2 then, 3 now)" in other.err
    assert yaml.safe_load((folder / "config.yaml").read_text()) == config


@pytest.mark.parametrize("out", [(), ("--out", "r")])
def test_there_must_be_a_run_to_resume(run, tmp_path, out):
    ran = run("train", "--resume", *out)
    assert ran.code == 2
    assert "holds no run to resume" in ran.err
    assert not list(tmp_path.iterdir())  # no samples were prepared for it


def test_a_misspelt_option_is_one_sentence(run):
    ran = run("train", "--set", "loss.pixl=l1")
    assert ran.code == 2
    assert ran.err == (
        "docsr: error: unknown option 'loss.pixl'; did you mean 'pixel'? (choices: adversarial, adversarial_weight, "
        "edge_weight, fake_labels, frequency_weight, gan_pixel_weight, gradient_weight, perceptual_distance, "
        "perceptual_input, perceptual_layer, perceptual_network, perceptual_weight, perceptual_weights, pixel, "
        "pixel_weight, reading_weight, real_labels, recogniser_enlarge, recogniser_patches, recogniser_weight, "
        "recogniser_weights, smooth)\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("train", "--data", "nope"), 2, "the folder of patches nope does not exist: make one with docsr prepare"),
        (("train", "--data", "p/pages"), 2,
         "p/pages is not a finished folder of patches (store.json is missing): run docsr prepare"),
        (("train", "--set", "generator.args.foo=3", "--data", "p"), 2,
         "generator 'compact': unknown argument 'foo' (choices: bias, blocks, channels, dense, dilation, kernel, "
         "mixing, shrink)"),
        (("train", "--set", "data.batch=["), 2,
         "the value of --set data.batch=[ is not valid YAML: close its brackets, or quote it"),
        (("prepare", "images", "nope", "--out", "q"), 3,
         "nope does not exist: give a folder of documents, or one of them"),
        (("prepare", "imagse", "p", "--out", "q"), 2,
         "unknown source 'imagse'; did you mean 'images'? (choices: celeba, div2k, fonts, images, npy-pairs, pdf, "
         "rvl-cdip)"),
        (("prepare", "images", "p", "--out", "p"), 2, "--out p holds the source p: choose another folder"),
        (("export", "none.safetensors", "--out", "x.onnx"), 2, "the checkpoint none.safetensors does not exist"),
    ],
)  # fmt: skip
def test_an_error_is_one_sentence_and_its_exit_code(run, tmp_path, arguments, code, sentence):
    make_store(tmp_path / "p", size=128)
    (tmp_path / "p" / "pages").mkdir()
    ran = run(*arguments)
    assert (ran.code, ran.err) == (code, f"docsr: error: {sentence}\n")


def test_a_folder_with_nothing_usable_is_no_input(run, tmp_path):
    (tmp_path / "in").mkdir()
    picture(300, 300).save(tmp_path / "in" / "a.png")
    ran = run("prepare", "images", "in", "--out", "q")
    assert ran.code == 3
    assert ran.err.startswith("docsr: error: no training page of in gave a patch: ")


def test_a_page_that_is_skipped_names_the_options_that_take_it(run):
    ran = run("prepare", "images", TRAINING.parent, "--out", "p", "--patch", "64")
    assert ran.code == 0, ran.err
    assert "too small" in ran.err
    for line in ran.err.splitlines():
        assert "too small" not in line or ("--x-height" in line and "--as-is" in line)


def test_as_is_and_a_text_size_exclude_each_other(run):
    assert run("prepare", "images", TRAINING.parent / "samples", "--out", "p", "--as-is", "--x-height", "20").code == 2


def test_an_export_of_nothing(run):
    ran = run("export", "none.safetensors", "--out", "x.onnx")
    assert ran.code == 2
    assert "does not exist" in ran.err
