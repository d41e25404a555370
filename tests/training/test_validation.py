from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import torch

from docsr.choices import DEFAULT_TILE
from docsr.models import build_generator
from docsr.models.base import Generator
from docsr.ocr.tesseract import Tesseract
from docsr.page import Page
from docsr.pairs.store import PatchStore
from docsr.prepare import PrepareOptions, prepare
from docsr.train_config_file import check_config
from docsr.training.validation import InTraining, Validation, _image_scores
from docsr.upscale.page import upscale_page
from docsr.upscalers.interpolation import Interpolation
from tests.pairs import make_store, save, text_page
from tests.pairs.test_pictures import arrays

CPU = torch.device("cpu")


class White(Generator):
    factor, radius = 2, 0

    def forward(self, x):
        return torch.ones(x.shape[0], 1, 2 * x.shape[2], 2 * x.shape[3])


def validation(folder, pages=0, clean=1.0, warn=pytest.fail):
    config = check_config(
        {
            "data": {"lr_patch": 16, "degrade": {"clean": clean, "warp": 0}},
            "output": {"validation_patches": 3, "validation_pages": pages},
        }
    )
    return Validation(config, folder, warn)


def with_a_page(folder):
    """A store with one validation page."""
    store = make_store(folder)
    pixels, text = text_page(30, 640, 300)
    save(store / "pages" / "00-page.png", pixels).with_suffix(".txt").write_text(text)
    return store


def test_scores_tell_a_network_from_nothing(tmp_path):
    held = validation(make_store(tmp_path))
    untrained = held.run(build_generator("compact", 2, {"channels": 8, "blocks": 1}), CPU)
    white = held.run(White(), CPU)
    assert untrained["psnr"] == pytest.approx(untrained["psnr_bicubic"], abs=0.2)  # it starts as bicubic
    assert untrained["psnr"] > white["psnr"] + 3
    assert untrained["ssim"] > white["ssim"]
    assert "cer" not in untrained
    assert held.run(White(), CPU) == white


def test_a_strip_has_four_columns(tmp_path):
    held = validation(make_store(tmp_path))
    picture = held.strip(White(), CPU, tmp_path / "strips" / "one.png")
    assert picture is not None
    assert picture.shape == (3 * 32, 4 * 32)
    assert (tmp_path / "strips" / "one.png").is_file()
    assert (picture[:, 64:96] == 255).all()


def test_a_store_without_validation_patches(tmp_path):
    held = validation(make_store(tmp_path, val=0))
    assert held.run(White(), CPU) == {}
    assert held.strip(White(), CPU, tmp_path / "one.png") is None


needs_tesseract = pytest.mark.skipif(not Tesseract.available(), reason="Tesseract is not installed")


@needs_tesseract
def test_pages_are_read(tmp_path):
    held = validation(with_a_page(tmp_path), pages=2)
    (page,) = held.pages
    assert page.lr.pixels.shape[0] <= 300 / 2
    scores = held.run(White(), CPU)
    assert scores["cer"] == 100
    assert scores["cer_bicubic"] < 15


@pytest.mark.slow
@needs_tesseract
def test_a_page_goes_through_the_network_in_tiles(tmp_path):
    store = make_store(tmp_path)
    pixels, text = text_page(30, 2400, 2000)
    save(store / "pages" / "00-page.png", pixels).with_suffix(".txt").write_text(text)
    shapes = []

    class Watched(White):
        def forward(self, x):
            shapes.append(tuple(x.shape[2:]))
            return super().forward(x)

    held = validation(store, pages=1)
    held.pairs = []
    held.run(Watched(), CPU)
    assert len(shapes) >= 4
    assert max(height * width for height, width in shapes) <= DEFAULT_TILE**2


def test_a_tiled_page_is_the_untiled_one():
    network = build_generator("srgan", 2, {"channels": 8, "blocks": 1, "kernel": 3})
    network.train()(torch.rand(4, 1, 16, 16))  # batch norm that is not the identity
    pixels, _ = text_page(16, 130, 90)
    upscaler = InTraining(network.eval(), CPU)
    whole, tiled = (upscale_page(Page(pixels), upscaler, tile=tile).pixels.astype(int) for tile in (512, 32))
    assert np.abs(whole - tiled).max() <= 1


@pytest.mark.parametrize("missing", ["rapidfuzz", "tesseract"])
def test_without_what_it_needs_cer_is_left_out_with_a_word(tmp_path, monkeypatch, missing):
    if missing == "tesseract":
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        monkeypatch.setitem(sys.modules, "rapidfuzz.distance", None)
    told: list[str] = []
    held = validation(with_a_page(tmp_path), pages=1, warn=told.append)
    (sentence,) = told
    assert "has no CER" in sentence
    assert "\n" not in sentence
    assert "psnr" in held.run(White(), CPU)


@needs_tesseract
def test_without_english_data_cer_is_left_out_with_a_word(tmp_path, monkeypatch):
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    told: list[str] = []
    held = validation(with_a_page(tmp_path / "store"), pages=1, warn=told.append)
    assert not held.pages
    (sentence,) = told
    assert "Tesseract failed" in sentence
    assert "\n" not in sentence


@needs_tesseract
def test_ocr_that_fails_later_leaves_out_one_validation(tmp_path, monkeypatch):
    told: list[str] = []
    held = validation(with_a_page(tmp_path / "store"), pages=1, warn=told.append)
    with monkeypatch.context() as broken:
        broken.setenv("TESSDATA_PREFIX", str(tmp_path))  # as if the data went away hours later
        assert {"mse", "psnr", "ssim", "mse_bicubic", "psnr_bicubic", "ssim_bicubic"} == held.run(White(), CPU).keys()
    assert len(told) == 1
    assert "this validation has no CER" in told[0]
    assert "cer" in held.run(White(), CPU)


def test_a_damaged_page_is_no_end_either(tmp_path):
    store = with_a_page(tmp_path)
    (store / "pages" / "00-page.png").write_bytes(b"no picture")
    told: list[str] = []
    assert "psnr" in validation(store, pages=1, warn=told.append).run(White(), CPU)
    assert "00-page.png" in told[0]


@pytest.mark.parametrize("factor", [2, 4])
def test_bicubic_stays_in_range_and_is_the_baseline_of_reports(tmp_path, factor):
    held = validation(make_store(tmp_path))
    held.factor = factor
    for planes in ([[0.0, 1.0], [1.0, 0.0]], [[0.2, 0.4], [0.6, 0.8]]):
        lr = torch.tensor([planes])
        large = held._bicubic(lr)
        assert large.shape == (1, 2 * factor, 2 * factor)
        assert 0 <= float(large.min()) <= float(large.max()) <= 1
        np.testing.assert_allclose(large[0].numpy(), Interpolation("bicubic", factor)(lr[0].numpy()).clip(0, 1))


def test_pairs_of_the_source_are_scored_whole_and_each_once(tmp_path):
    arrays(tmp_path / "in", count=40)
    prepare("npy-pairs", tmp_path / "in", tmp_path / "store", PrepareOptions(None, size=96, per_page=1, colour=True))
    options = {
        "factor": 4,
        "generator": {"name": "srgan", "args": {"colours": 3}},
        "data": {"lr_patch": 8, "flip": True, "rotate": True},
        "output": {"validation_patches": 9, "validation_pages": 0},
    }
    held = Validation(check_config(options), tmp_path / "store", pytest.fail)
    store = PatchStore(tmp_path / "store", "val")
    assert len(held.pairs) == len(store) == 2
    for number, (lr, hr) in enumerate(held.pairs):
        assert np.array_equal((lr * 255).round().numpy(), np.moveaxis(store.lr(number), -1, 0))
        assert np.array_equal((hr * 255).round().numpy(), np.moveaxis(store[number], -1, 0))


def test_image_scores_are_those_of_their_formulae():
    hr = torch.full((3, 8, 8), 0.5)
    near, far = hr.clone(), hr.clone()
    near[0] += 0.03  # one colour of three
    far += 0.1
    scores = _image_scores([(near, hr), (far, hr), (hr, hr)], "")
    assert scores["mse"] == pytest.approx((0.03**2 / 3 + 0.1**2) / 3, rel=1e-4)
    assert scores["psnr"] == pytest.approx((-10 * math.log10(0.03**2 / 3) + 20) / 2, rel=1e-4), "equal images have none"
