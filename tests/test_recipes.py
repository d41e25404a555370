"""Every configuration of configs/train trains on what it is for, is exported, and enhances a page.

By default for two steps with small patches; `make recipes` takes twenty with larger ones, at every factor. The weights
of VGG and of the recogniser are random: that the way works is tested, not what is learned.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from docsr.config import TrainConfig, load_config
from docsr.enhance import EnhanceOptions, enhance_files, plan_files
from docsr.export import TOLERANCE, export
from docsr.models.checkpoint import load_checkpoint
from docsr.prepare import PrepareOptions, prepare
from docsr.train import train
from docsr.training.state import CHECKPOINT
from tests.losses.weights_files import recogniser_state, vgg_state, write
from tests.pairs import save, text_page
from tests.pairs.test_pictures import arrays, picture
from tests.test_train import Heard

CONFIGS = sorted((Path(__file__).parents[1] / "configs" / "train").glob("*.yaml"))
every_config = pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
LR_SIDE = 8


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> dict[str, Path]:
    """Random weights in the files' own layouts."""
    folder = tmp_path_factory.mktemp("weights")
    return {
        "vgg": write(folder / "vgg19.safetensors", vgg_state(36)),
        "recogniser": write(folder / "english_g2.pth", recogniser_state()),
    }


@pytest.fixture(scope="module")
def stores(tmp_path_factory) -> dict[str, Path]:
    """Patches of each kind: pages of text, DIV2K's layout, pairs of arrays, CelebA's layout."""
    root = tmp_path_factory.mktemp("sources")
    for number in range(3):
        save(root / "text" / f"{number}.png", text_page(40 + number, 900, 800, first=20 * number)[0])
        save(root / "div2k" / "DIV2K_train_HR" / f"{number}.png", picture(300, 400, seed=number))
        save(root / "celeba" / "img_align_celeba" / f"{number}.jpg", picture(218, 178, seed=number))
    arrays(root / "npy-pairs")
    options = {
        "text": ("images", PrepareOptions(24.0, size=384)),
        "div2k": ("div2k", PrepareOptions(None, size=256, colour=True)),
        "celeba": ("celeba", PrepareOptions(None, size=256, per_page=1, colour=True)),
        "npy-pairs": ("npy-pairs", PrepareOptions(None, size=96, colour=True)),
    }
    for name, (kind, chosen) in options.items():
        prepare(kind, root / name, root / f"{name}-patches", chosen)
    return {name: root / f"{name}-patches" for name in options}


def patches_of(path: Path, stores: dict[str, Path]) -> Path:
    kinds = {"r0_srgan": "div2k", "r1_pairs": "npy-pairs", "r4_lsgan": "celeba"}
    return stores[kinds.get(path.stem, "text")]


def short(path: Path, weights: dict[str, Path], steps: int, **more: Any) -> TrainConfig:
    """The configuration with local weights, so many steps, and its GAN phase in the second half of them."""
    config = load_config(path, {})
    changes: dict[str, Any] = {
        "schedule.steps": steps,
        "output.validation_pages": 0,
        "output.validation_patches": 1,
        "data.workers": 0,
        "loss.perceptual_weights": str(weights["vgg"]),
    }
    if config.schedule.gan_start:
        changes["schedule.gan_start"] = steps // 2
    if config.loss.recogniser_weights is not None:
        changes["loss.recogniser_weights"] = str(weights["recogniser"])
    return load_config(path, changes | more)


@every_config
def test_it_trains(tmp_path, path, stores, weights):
    small = {"data.lr_patch": 2 * LR_SIDE, "data.batch": 2, "data.x_height": None}
    config, heard = short(path, weights, 2, **small), Heard()
    train(config, patches_of(path, stores), tmp_path / "run", heard)
    scalars = heard.steps[2]
    assert all(math.isfinite(value) for value in scalars.values())
    assert ("adversarial" in scalars) == (config.schedule.gan_start is not None)
    assert ("perceptual" in scalars) == bool(config.loss.perceptual_weight)
    assert ("recogniser" in scalars) == bool(config.loss.recogniser_weight)


def fits(path: Path, factor: int) -> bool:
    """A configuration named after a factor has that one, and the pairs made here are of the factor 4."""
    own = load_config(path, {}).factor
    return factor == own if "_x" in path.stem or path.stem == "r1_pairs" else True


@pytest.mark.recipes
@pytest.mark.parametrize(
    ("path", "factor"),
    [(path, factor) for path in CONFIGS for factor in (2, 4, 8) if fits(path, factor)],
    ids=lambda value: value.stem if isinstance(value, Path) else str(value),
)
def test_it_trains_exports_and_enhances(tmp_path, path, factor, stores, weights):
    """Twenty steps at each factor, with two patches a step of the configuration's size, or as large as the samples'."""
    own = load_config(path, {})
    side = min(own.data.lr_patch, 96 // factor)
    more = {"factor": factor, "data.lr_patch": side - side % 2, "data.batch": 2, "data.x_height": None}
    config, heard = short(path, weights, 20, **more), Heard()
    train(config, patches_of(path, stores), tmp_path / "run", heard)
    assert math.isfinite(heard.validations[20]["psnr"])
    done = export(tmp_path / "run" / CHECKPOINT, tmp_path / "network.onnx")
    assert done.difference <= TOLERANCE
    assert load_checkpoint(tmp_path / "run" / CHECKPOINT).header.step == 20
    page, _ = text_page(20, 200, 120)
    save(tmp_path / "in" / "page.png", page)
    options = EnhanceOptions(factor=factor, model=str(tmp_path / "network.onnx"))
    (result,) = enhance_files(plan_files([tmp_path / "in"], tmp_path / "out", options), tmp_path / "out", options)
    assert result.status == "done", result
    with Image.open(tmp_path / "out" / "page.png") as large:
        assert large.size == (200 * factor, 120 * factor)
        assert np.asarray(large).std() > 0


def test_the_recipes_are_all_there():
    assert {"r0", "r1", "r2", "r3", "r4"} <= {path.stem.partition("_")[0] for path in CONFIGS}
