"""Checkpoints: what is written is read again, and what is not one is refused in one sentence."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from docsr.errors import CheckpointError, UsageError
from docsr.models import GENERATORS, build_generator
from docsr.models.checkpoint import FORMAT_VERSION, KEY, Header, load_checkpoint, save_checkpoint

ARGS = {"channels": 8, "blocks": 1}
HEADER = Header("compact", 2, ARGS, (7.0, 28.0), 123)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A small whole checkpoint."""
    file = tmp_path / "a.safetensors"
    save_checkpoint(file, HEADER, build_generator("compact", 2, ARGS).state_dict())
    return file


def with_metadata(path: Path, metadata: dict[str, str] | None) -> Path:
    save_file(build_generator("compact", 2, ARGS).state_dict(), path, metadata)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("factor", [2, 4, 8])
@pytest.mark.parametrize("name", list(GENERATORS))
def test_round_trip(tmp_path: Path, name: str, factor: int) -> None:
    torch.manual_seed(0)
    network = build_generator(name, factor, ARGS)
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.1)
    header = Header(name, factor, ARGS, (7.5, 28.0), 42)
    save_checkpoint(tmp_path / "a.safetensors", header, network.state_dict())
    loaded = load_checkpoint(tmp_path / "a.safetensors")
    assert loaded.header == header
    again = loaded.build_generator()
    assert not again.training
    x = torch.rand(1, 1, 7, 9)
    with torch.inference_mode():
        assert torch.equal(again(x), network.eval()(x))
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]


def test_an_unknown_text_size_stays_unknown(path: Path) -> None:
    header = replace(HEADER, x_height=None)
    save_checkpoint(path, header, {})
    assert load_checkpoint(path).header == header


def test_weights_that_are_not_contiguous_are_kept(path: Path) -> None:
    turned = torch.arange(6.0, requires_grad=True).reshape(2, 3).T
    save_checkpoint(path, HEADER, {"a": turned})
    assert torch.equal(load_checkpoint(path).state["a"], turned)


def test_missing(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent.safetensors").endswith("does not exist")


def test_a_folder_is_no_checkpoint(tmp_path: Path) -> None:
    refusal(tmp_path)


@pytest.mark.parametrize("keep", [0, 4, 60, 2_000, -1])
def test_truncated(path: Path, keep: int) -> None:
    path.write_bytes(path.read_bytes()[:keep])
    assert "truncated" in refusal(path)


def test_something_else(path: Path) -> None:
    path.write_text("no checkpoint, but text\n" * 9)
    refusal(path)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_no_header(path: Path, metadata: dict[str, str] | None) -> None:
    assert "no docsr header" in refusal(with_metadata(path, metadata))


@pytest.mark.parametrize(
    "text", ["{", "[]", "7", "{}", '{"version": 1}', json.dumps(asdict(HEADER) | {"version": None})]
)
def test_a_header_that_cannot_be_read(path: Path, text: str) -> None:
    assert "header that cannot be read" in refusal(with_metadata(path, {KEY: text}))


@pytest.mark.parametrize("more", [{}, {"colour": True}])
def test_a_newer_version_asks_for_an_upgrade(path: Path, more: dict[str, Any]) -> None:
    values = asdict(HEADER) | {"version": FORMAT_VERSION + 1} | more
    assert f"newer docsr (format {FORMAT_VERSION + 1})" in refusal(with_metadata(path, {KEY: json.dumps(values)}))


@pytest.mark.parametrize("args", [{"channels": 16, "blocks": 1}, {"channels": 8, "blocks": 2}])
def test_weights_that_do_not_fit_the_header(path: Path, args: dict[str, Any]) -> None:
    save_checkpoint(path, replace(HEADER, args=args), build_generator("compact", 2, ARGS).state_dict())
    with pytest.raises(CheckpointError, match="do not fit the network") as caught:
        load_checkpoint(path).build_generator()
    assert "\n" not in str(caught.value)


def test_a_network_this_docsr_does_not_know(path: Path) -> None:
    save_checkpoint(path, replace(HEADER, name="other"), {})
    with pytest.raises(UsageError, match="unknown generator 'other'"):
        load_checkpoint(path).build_generator()


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save_checkpoint(path, replace(HEADER, args={"channels": object()}), {})
    assert path.read_bytes() == before
