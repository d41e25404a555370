"""Checkpoints of strangers: a small file takes little memory, whatever it says, at every door."""

from __future__ import annotations

import json
import os
import struct
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import docsr.models
from docsr.errors import CheckpointError, DocsrError
from docsr.models import GENERATORS, build_generator, generator_arguments, generator_shapes
from docsr.models.checkpoint import KEY, Header, load_checkpoint, save_checkpoint
from docsr.train_config_file import check_config
from docsr.training.state import TrainingState
from docsr.upscalers.torch import TorchUpscaler

SMALL = {"channels": 8, "blocks": 1}
MANY = 4096


def header_of(name: str, **args: Any) -> Header:
    return Header(name, 2, generator_arguments(name, SMALL | args), None, 1)


def empty(path: Path, header: Header) -> Path:
    """A header without weights: some hundred bytes."""
    save_checkpoint(path, header, {})
    return path


def whole_numbers(name: str) -> list[str]:
    """The arguments of a generator that say how large it is."""
    return [key for key, value in generator_arguments(name, {}).items() if type(value) is int]


LARGE = [(name, key) for name in GENERATORS for key in whole_numbers(name)]


@pytest.fixture
def bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A weight that takes memory is a failure: networks are built only where no memory is taken."""
    real = nn.Module.register_parameter

    def register(self: nn.Module, name: str, weight: nn.Parameter | None) -> None:
        assert weight is None or weight.device.type == "meta", f"{name} of {tuple(weight.shape)} was made"
        real(self, name, weight)

    monkeypatch.setattr(nn.Module, "register_parameter", register)


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("value", [MANY, MANY + 1, 10**9, 10**100, -(10**9)])
@pytest.mark.parametrize(("name", "key"), LARGE)
def test_a_header_alone_builds_nothing(tmp_path: Path, name: str, key: str, value: int) -> None:
    path = empty(tmp_path / "a.safetensors", header_of(name, **{key: value}))
    assert path.stat().st_size < 1000
    tracemalloc.start()
    try:
        with pytest.raises(DocsrError) as caught:
            load_checkpoint(path).build_generator()
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("name", list(GENERATORS))
def test_all_at_most_together_builds_nothing(tmp_path: Path, name: str) -> None:
    """As many blocks as may be, of as many channels, each with as many parts."""
    args = {
        key: MANY - 1 if key == "kernel" else MANY for key in whole_numbers(name) if key not in {"colours", "mixing"}
    }
    path = empty(tmp_path / "a.safetensors", header_of(name, **args))
    with pytest.raises(CheckpointError, match="do not fit the network"):
        load_checkpoint(path).build_generator()


@pytest.mark.parametrize("name", list(GENERATORS))
def test_shapes_are_those_of_the_network(name: str) -> None:
    for factor in (2, 4, 8):
        state = build_generator(name, factor, SMALL).state_dict()
        shapes = {key: tuple(value.shape) for key, value in state.items()}
        assert generator_shapes(name, factor, SMALL, len(shapes)) == shapes


def test_other_threads_may_build_meanwhile() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with docsr.models._limit_weights(0), ThreadPoolExecutor(1) as pool:
        assert pool.submit(build_generator, "compact", 2, SMALL).result().factor == 2


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("name", list(GENERATORS))
def test_every_door_refuses_a_header_alone(tmp_path: Path, name: str) -> None:
    path = empty(tmp_path / "a.safetensors", header_of(name, channels=MANY))
    with pytest.raises(CheckpointError, match="do not fit the network"):
        TorchUpscaler(path)
    from docsr.export import export

    with pytest.raises(CheckpointError, match="do not fit the network"):
        export(path, tmp_path / "a.onnx")
    assert not (tmp_path / "a.onnx").exists()


def test_the_start_of_a_training_builds_the_network_of_its_own_options(tmp_path: Path) -> None:
    path = empty(tmp_path / "a.safetensors", header_of("rrdb", channels=MANY, blocks=MANY))
    config = check_config({"generator": {"name": "compact", "args": SMALL}, "init": str(path)})
    with pytest.raises(CheckpointError, match="no weights that fit"):
        TrainingState(config, torch.device("cpu"))


VALUES: dict[str, list[Any]] = {
    "name": [7, None, ["compact"], {"a": 1}],
    "factor": [0, 1, 3, 16, 64, -2, 2.0, "2", None, True, [2], 1 << 70],
    "args": [None, [], "a", 7],
    "step": [-1, "1", None, 1.5],
    "x_height": [[1], [1, 2, 3], ["a", "b"], [-1, 2], [9, 3], 7, [1, float("inf")], [float("nan"), 2], "ab"],
    "version": ["a", None, [], float("inf"), float("nan"), {}],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in VALUES.items() for value in values])
def test_values_of_another_kind_are_one_sentence(tmp_path: Path, key: str, value: Any) -> None:
    text = json.dumps(asdict(header_of("compact")) | {key: value})
    save_file({}, tmp_path / "a.safetensors", {KEY: text})
    with pytest.raises(CheckpointError, match="header that cannot be read"):
        load_checkpoint(tmp_path / "a.safetensors")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "9" * 5000, '{"version": 1e999}', "NaN"])
def test_json_that_is_none_of_ours(tmp_path: Path, text: str) -> None:
    save_file({}, tmp_path / "a.safetensors", {KEY: text})
    with pytest.raises(CheckpointError, match="header that cannot be read"):
        load_checkpoint(tmp_path / "a.safetensors")


@pytest.mark.parametrize("args", [{"channels": [1]}, {"bias": 1}, {"colour": 3}, {"self": 1}, {"factor": 4}, {"": 1}])
def test_arguments_of_another_kind(tmp_path: Path, args: dict[str, Any]) -> None:
    path = empty(tmp_path / "a.safetensors", Header("compact", 2, args, None, 1))
    with pytest.raises(DocsrError, match="generator 'compact'"):
        load_checkpoint(path).build_generator()


def _length(path: Path, length: int) -> None:
    path.write_bytes(struct.pack("<Q", length) + b"{" * 100)


def _very_large(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


BEYOND = b'{"a":{"dtype":"F32","shape":[1000000,1000000],"data_offsets":[0,4000000000000]}}'
"""4 TB of weights in a hundred bytes."""

FILES: dict[str, Callable[[Path], Any]] = {
    "a long header": lambda path: _length(path, 1 << 30),
    "a header of all numbers": lambda path: _length(path, (1 << 64) - 1),
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": lambda path: path.mkdir(),
    "very large": _very_large,
    "shapes beyond its end": lambda path: path.write_bytes(struct.pack("<Q", len(BEYOND)) + BEYOND),
}


@pytest.mark.parametrize("case", FILES)
def test_what_is_no_checkpoint_is_one_sentence(tmp_path: Path, case: str) -> None:
    path = tmp_path / "a.safetensors"
    FILES[case](path)
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


KEPT = sorted((Path(__file__).resolve().parents[2] / "benchmarks" / "checkpoints").glob("*.safetensors"))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_checkpoints_of_our_own_are_built(path: Path) -> None:
    checkpoint = load_checkpoint(path)
    assert checkpoint.build_generator().factor == checkpoint.header.factor


def test_there_are_checkpoints_of_our_own() -> None:
    assert KEPT
