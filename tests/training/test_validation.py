from __future__ import annotations

import pytest
import torch
from torch import nn

from docsr.config import check_config
from docsr.models import build_generator
from docsr.ocr.tesseract import Tesseract
from docsr.training.validation import Validation, enlarge
from tests.pairs import make_store, save, text_page

CPU = torch.device("cpu")


class White(nn.Module):
    def forward(self, x):
        return torch.ones(x.shape[0], 1, 2 * x.shape[2], 2 * x.shape[3])


def validation(folder, pages=0, clean=1.0):
    config = check_config(
        {
            "data": {"lr_patch": 16, "degrade": {"clean": clean, "warp": 0}},
            "output": {"validation_patches": 3, "validation_pages": pages},
        }
    )
    return Validation(config, folder)


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


@pytest.mark.skipif(not Tesseract.available(), reason="Tesseract is not installed")
def test_pages_are_read(tmp_path):
    store = make_store(tmp_path)
    pixels, text = text_page(30, 640, 300)
    save(store / "pages" / "00-page.png", pixels).with_suffix(".txt").write_text(text)
    held = validation(store, pages=2)
    (page,) = held.pages
    assert page.lr.shape[0] < pixels.shape[0] / 2 + 1
    scores = held.run(White(), CPU)
    assert scores["cer"] == 100
    assert scores["cer_bicubic"] < 15


def test_enlarge_stays_in_range():
    large = enlarge(torch.tensor([[[[0.0, 1.0], [1.0, 0.0]]]]), 4)
    assert large.shape == (1, 1, 8, 8)
    assert 0 <= float(large.min()) <= float(large.max()) <= 1
