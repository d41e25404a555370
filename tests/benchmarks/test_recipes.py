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
import yaml
from PIL import Image

from docsr.batch.run import EnhanceOptions, enhance_files, plan_files
from docsr.export import TOLERANCE, export
from docsr.models.checkpoint import load_checkpoint
from docsr.prepare import PrepareOptions, prepare
from docsr.train import train
from docsr.train_config import TrainConfig
from docsr.train_config_file import load_config
from docsr.training.state import CHECKPOINT
from tests.losses.weights_files import recogniser_state, vgg_state, write
from tests.pairs import save, text_page
from tests.pairs.test_pictures import arrays, picture
from tests.training_runs import Heard

CONFIGS = sorted((Path(__file__).parents[2] / "configs" / "train").glob("*.yaml"))
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
    """Patches of each kind: pages of text, the layouts of RVL-CDIP, DIV2K and CelebA, pairs of arrays."""
    root = tmp_path_factory.mktemp("sources")
    for number in range(3):
        save(root / "images" / f"{number}.png", text_page(40 + number, 900, 800, first=20 * number)[0])
        save(root / "div2k" / "DIV2K_train_HR" / f"{number}.png", picture(300, 400, seed=number))
        save(root / "celeba" / "img_align_celeba" / f"{number}.jpg", picture(218, 178, seed=number))
        save(root / "rvl-cdip" / "images" / f"{number}.png", text_page(24, 600, 500, first=20 * number)[0])
    (root / "rvl-cdip" / "labels").mkdir()
    (root / "rvl-cdip" / "labels" / "train.txt").write_text("0.png 0\n1.png 1\n")
    (root / "rvl-cdip" / "labels" / "val.txt").write_text("2.png 2\n")
    arrays(root / "npy-pairs")
    options = {
        "images": ("images", PrepareOptions(24.0, size=384)),
        "div2k": ("div2k", PrepareOptions(None, size=256, colour=True)),
        "div2k-grey": ("div2k", PrepareOptions(None, size=256)),
        "rvl-cdip": ("rvl-cdip", PrepareOptions(8.0, size=128)),
        "rvl-cdip-as-is": ("rvl-cdip", PrepareOptions(None, size=256)),
        "celeba": ("celeba", PrepareOptions(None, size=256, per_page=1, colour=True)),
        "npy-pairs": ("npy-pairs", PrepareOptions(None, size=96, colour=True)),
    }
    for name, (kind, chosen) in options.items():
        prepare(kind, root / kind, root / f"{name}-patches", chosen)
    return {name: root / f"{name}-patches" for name in options}


def patches_of(path: Path, stores: dict[str, Path]) -> Path:
    kinds = {"r0": "div2k", "r1": "npy-pairs", "r2": "div2k", "r3": "rvl-cdip", "r4": "celeba"}
    return stores[kinds.get(path.stem[:2], "images")]


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


@pytest.mark.slow_except("r0_srgan")
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


OTHERWISE = [("r3_srgan", "rvl-cdip-as-is", {}), ("r0_srgan", "div2k-grey", {"generator.args.colours": 1})]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "patches", "more"), OTHERWISE, ids=["text size as it is", "grey pictures"])
def test_it_trains_on_other_patches_too(tmp_path, name, patches, more, stores, weights):
    path = next(path for path in CONFIGS if path.stem == name)
    config, heard = short(path, weights, 2, **{"data.lr_patch": 2 * LR_SIDE, "data.batch": 2, **more}), Heard()
    train(config, stores[patches], tmp_path / "run", heard)
    assert all(math.isfinite(value) for value in heard.steps[2].values())


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


@every_config
def test_no_option_of_it_is_dead(path):
    """What belongs to a term of weight 0, or to a GAN phase that never comes, would mislead."""
    config, given = load_config(path, {}), yaml.safe_load(path.read_text(encoding="utf-8"))
    loss = given.get("loss", {})
    for term in ("pixel", "perceptual", "recogniser", "adversarial"):
        used = (
            config.schedule.gan_start is not None if term == "adversarial" else getattr(config.loss, f"{term}_weight")
        )
        assert used or not [key for key in loss if key.startswith(term) and key != f"{term}_weight"], term
    if config.schedule.gan_start is None:
        assert "discriminator" not in given
        assert not {"gan_pixel_weight", "real_labels", "fake_labels"} & loss.keys()
        assert "discriminator_learning_rate" not in given["schedule"]
    if config.schedule.shape != "step":
        assert not {"step_every", "step_factor"} & given["schedule"].keys()


def test_the_recipes_are_all_there():
    assert {"r0", "r1", "r2", "r3", "r4"} <= {path.stem.partition("_")[0] for path in CONFIGS}
