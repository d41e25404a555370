"""Configuration: what is wrong is said in one sentence, and every file in the repository loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from pydantic import ValidationError

from docsr.cli import cli
from docsr.cli.options import arguments_of, options_of
from docsr.errors import UsageError
from docsr.losses import ADVERSARIAL, PIXEL
from docsr.losses.perceptual import build_features
from docsr.models import DISCRIMINATORS, GENERATORS, build_discriminator, build_generator
from docsr.pairs.degrade import Degrade
from docsr.train_config import DegradeConfig, TrainConfig
from docsr.train_config_file import check_config, load_config, parse_override

README = (Path(__file__).parents[1] / "README.md").read_bytes()
CONFIGS = sorted((Path(__file__).parents[1] / "configs" / "train").glob("*.yaml"))


def refusal(values: dict[str, Any]) -> str:
    with pytest.raises(UsageError) as caught:
        check_config(values)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_there_are_configurations() -> None:
    assert CONFIGS


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_loads(path: Path) -> None:
    config = load_config(path, {})
    if "_x" in path.stem:
        assert path.stem.endswith(f"_x{config.factor}")
    patch = config.data.lr_patch * config.factor
    with torch.device("meta"):  # the arguments are checked, and no weight is made
        build_generator(config.generator.name, config.factor, config.generator.args)
        build_discriminator(config.discriminator.name, config.factor, patch, config.discriminator.args)
        build_features(config.loss.perceptual_network, config.loss.perceptual_layer)
    assert config.loss.pixel in PIXEL
    assert config.loss.adversarial in ADVERSARIAL


def test_nothing_given_is_the_defaults() -> None:
    assert load_config(None, {}) == TrainConfig()
    assert TrainConfig().generator.name == "compact"


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("# nothing yet\n")
    assert load_config(path, {}) == TrainConfig()


def test_configuration_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        TrainConfig().seed = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("values", "option", "meant"),
    [
        ({"facter": 2}, "facter", "factor"),
        ({"schedule": {"step": 10}}, "schedule.step", "steps"),
        ({"data": {"lr_pach": 32}}, "data.lr_pach", "lr_patch"),
        ({"data": {"degrade": {"blurr": 0.5}}}, "data.degrade.blurr", "blur"),
        ({"loss": {"perceptual_weigth": 0.5}}, "loss.perceptual_weigth", "perceptual_weight"),
    ],
)
def test_a_misspelt_key_suggests_the_right_one(values: dict[str, Any], option: str, meant: str) -> None:
    message = refusal(values)
    assert f"unknown option '{option}'" in message
    assert f"did you mean '{meant}'?" in message


def test_a_key_like_no_other_lists_the_choices() -> None:
    message = refusal({"output": {"zzz": 1}})
    assert "did you mean" not in message
    assert "validate_every" in message


def test_a_range_runs_forwards() -> None:
    message = refusal({"data": {"degrade": {"blur_sigma_lr": [1.0, 0.2]}}})
    assert message == "option 'data.degrade.blur_sigma_lr': the range [1.0, 0.2] is reversed: give the lower end first"
    assert check_config({"data": {"x_height": [9, 9]}}).data.x_height == (9, 9)


@pytest.mark.parametrize(
    ("values", "option"),
    [
        ({"factor": 3}, "factor"),
        ({"schedule": {"steps": 0}}, "schedule.steps"),
        ({"data": {"degrade": {"jpeg": 1.5}}}, "data.degrade.jpeg"),
        ({"data": {"lr_patch": "wide"}}, "data.lr_patch"),
        ({"data": None}, "data"),
        ({"loss": {"pixel": 3}}, "loss.pixel"),
        ({"data": {"x_height": [1, 2, 3]}}, "data.x_height"),
        ({"seed": -1}, "seed"),
        ({"schedule": {"learning_rate": float("nan")}}, "schedule.learning_rate"),
        ({"loss": {"pixel_weight": float("inf")}}, "loss.pixel_weight"),
        ({"generator": {"args": {1: 2}}}, "generator.args.1"),
    ],
)
def test_a_wrong_value_names_its_option(values: dict[str, Any], option: str) -> None:
    assert refusal(values).startswith(f"option '{option}")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"factor": 3}, "option 'factor' must be 2, 4 or 8, not 3"),
        ({"data": {"batch": "wide"}}, "option 'data.batch' must be a valid integer, not 'wide'"),
        ({"data": {"batch": 1.5}}, "option 'data.batch' must be a valid integer, not 1.5"),
        ({"init": 3}, "option 'init' must be a path, not 3"),
        ({"output": 5}, "option 'output' is a group, not a value: set one of log_every, validate_every, "
         "checkpoint_every, keep_every, validation_patches, validation_pages"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_said_in_the_users_words(values: dict[str, Any], sentence: str) -> None:
    assert refusal(values) == sentence


@pytest.mark.parametrize("value", [3, [1], [1, 2, 3], ["a", 2], None, "wide"])
def test_a_range_is_two_numbers(value: object) -> None:
    message = refusal({"data": {"degrade": {"noise_sigma": value}}})
    assert message == "option 'data.degrade.noise_sigma' must be a range of two numbers, [low, high]"


LIMITS: dict[str, tuple[float, float]] = {
    "rotation_degrees": (-45, 45),
    "blur_sigma_lr": (0.01, 10),
    "ink_level": (0, 1),
    "paper_level": (0, 1),
    "noise_sigma": (0, 1),
    "jpeg_quality": (1, 100),
}


def test_every_range_of_the_degradation_has_limits() -> None:
    ranges = {name for name, value in DegradeConfig().model_dump().items() if isinstance(value, tuple)}
    assert ranges == LIMITS.keys()


@pytest.mark.parametrize("name", LIMITS)
def test_a_range_stays_within_its_limits_and_the_limits_work(name: str) -> None:
    low, high = LIMITS[name]
    for beyond in ([low - 1, high], [low, high + 1]):
        assert f"option 'data.degrade.{name}': the range" in refusal({"data": {"degrade": {name: beyond}}})
    certain = dict.fromkeys(("warp", "blur", "contrast", "noise", "jpeg"), 1.0) | {"clean": 0.0}
    for ends in ([low, low], [high, high], [low, high]):
        config = check_config({"data": {"degrade": {name: ends, **certain}}}).data.degrade
        degrade = Degrade(config, 2)
        for seed in range(4):
            degrade(np.full((32, 32), 200, np.uint8), np.random.default_rng(seed))


def test_the_discriminator_has_a_default_of_its_own() -> None:
    config = check_config({"discriminator": {"args": {"channels": 8}}})
    assert (config.discriminator.name, config.generator.name) == ("srgan", "compact")
    build_discriminator(config.discriminator.name, 2, 48, config.discriminator.args)


def test_a_loss_without_a_term_is_refused() -> None:
    assert "has weight 0" in refusal({"loss": {"pixel_weight": 0}})
    later = {"loss": {"gan_pixel_weight": 0}, "schedule": {"gan_start": 5}}
    assert "has weight 0" in refusal(later)
    assert check_config({**later, "loss": {"gan_pixel_weight": 0, "edge_weight": 1}}).loss.edge_weight == 1
    values = {"loss": {"pixel_weight": 0, "perceptual_weight": 1}, "schedule": {"gan_start": 5}}
    assert "leaves only the pixel term until then" in refusal(values)
    assert check_config({**values, "schedule": {"gan_start": 0}}).loss.pixel_weight == 0


@pytest.mark.parametrize("start", [100, 101])
def test_the_gan_phase_begins_before_the_end(start: int) -> None:
    message = refusal({"schedule": {"steps": 100, "gan_start": start}})
    assert f"gan_start {start} is not before the last step, 100" in message


def test_the_gan_phase_may_begin_at_once_and_at_the_last_step() -> None:
    assert check_config({"schedule": {"steps": 100, "gan_start": 0}}).schedule.gan_start == 0
    assert check_config({"schedule": {"steps": 100, "gan_start": 99}}).schedule.gan_start == 99


@pytest.mark.parametrize("term", ["recogniser", "reading"])
def test_the_recogniser_needs_its_file(term: str) -> None:
    assert f"{term}_weight needs recogniser_weights" in refusal({"loss": {f"{term}_weight": 0.1}})


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("factor=4", "factor", 4),
        ("loss.pixel=l1", "loss.pixel", "l1"),
        ("data.x_height=[7, 28]", "data.x_height", [7, 28]),
        ("data.dir=a=b", "data.dir", "a=b"),
        ("schedule.gan_start=", "schedule.gan_start", None),
    ],
)
def test_an_override_is_a_key_and_yaml(text: str, key: str, value: object) -> None:
    assert parse_override(text) == (key, value)


@pytest.mark.parametrize("text", ["factor", "=4", "", "data.x_height=[7", "data.batch=[", "data.dir=2024-13-45"])
def test_a_bad_override_is_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="--set") as caught:
        parse_override(text)
    assert "\n" not in str(caught.value)
    assert "^" not in str(caught.value)


def test_overrides_lie_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("factor: 4\nschedule: {steps: 50, warmup: 5}\ndata:\n")
    config = load_config(path, {"schedule.steps": 70, "loss.pixel": "mse", "data.lr_patch": 24})
    assert (config.factor, config.schedule.steps, config.schedule.warmup) == (4, 70, 5)
    assert (config.loss.pixel, config.data.lr_patch) == ("mse", 24)


def test_an_override_may_set_a_networks_argument() -> None:
    assert load_config(None, {"generator.args.channels": 8}).generator.args == {"channels": 8}


def test_a_misspelt_override_suggests() -> None:
    with pytest.raises(UsageError, match=r"unknown option 'schedule\.stps'; did you mean 'steps'"):
        load_config(None, {"schedule.stps": 3})


def test_an_override_below_a_value_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("factor: 4\n")
    with pytest.raises(UsageError, match="'factor' is a value, not a group"):
        load_config(path, {"factor.x": 2})


@pytest.mark.parametrize(
    "content",
    [b"factor: [2", b"\xff\xfe\xff", b"a: b: c", b"- factor\n- 2\n", b"factor", b"a: \0", b"a: 2024-13-45", README],
)
def test_bad_yaml_names_the_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.yaml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"odd\.yaml") as caught:
        load_config(path, {})
    assert "\n" not in str(caught.value)
    assert "^" not in str(caught.value)


def test_bad_yaml_says_where(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text("factor: 2\nseed: : 3\n")
    with pytest.raises(UsageError, match=r"odd\.yaml is not valid YAML: .* \(line 2, column 7\)"):
        load_config(path, {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.yaml"):
        load_config(tmp_path / "absent.yaml", {})


def test_every_option_says_what_it_is() -> None:
    options = list(options_of(TrainConfig))
    assert {"factor", "loss.gradient_weight", "data.degrade.kernel"} <= {name for name, _, _ in options}
    assert [name for name, _, description in options if not description] == []
    assert dict((name, default) for name, default, _ in options)["data.degrade.rotation_degrees"] == "[-1, 1]"


def test_the_help_and_the_page_name_every_option() -> None:
    page = (Path(__file__).parents[1] / "docs" / "training-options.md").read_text(encoding="utf-8")
    shown = " ".join(CliRunner().invoke(cli, ["train", "--help"]).output.split())
    for name, default, description in options_of(TrainConfig):
        assert f"| `{name}` | {default} | {description} |" in page, "run make tables"
        assert f"{name} [{default}] {description}" in shown
    arguments = list(arguments_of())
    assert {f"generator {name}" for name in GENERATORS} | {f"discriminator {name}" for name in DISCRIMINATORS} == {
        network for network, *_ in arguments
    }
    for network, name, default, description in arguments:
        assert f"| {network} | `{name}` | {default} | {description} |" in page, "run make tables"
        assert f"{name} of {network} [{default}] {description}" in shown
