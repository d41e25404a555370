"""Checkpoints run by torch: the same call as any upscaler."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from docsr.errors import CheckpointError, MissingExtraError, PageError, UsageError
from docsr.upscalers.catalog import resolve


def test_without_torch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"docsr\[train\]"):
        resolve(str(tmp_path / "a.safetensors"), 2)


def checkpoint(path: Path, name: str = "compact", **args: Any) -> Path:
    pytest.importorskip("torch")
    from docsr.models import build_generator
    from docsr.models.checkpoint import Header, save_checkpoint

    header = Header(name, 2, args, None, 0)
    save_checkpoint(path, header, build_generator(name, 2, args).state_dict())
    return path


@pytest.mark.parametrize("factor", [2, 4])
def test_a_network_with_several_factors_is_asked_for_one(tmp_path: Path, factor: int) -> None:
    path = checkpoint(tmp_path / "a.safetensors", "mdsr", channels=8, blocks=1, factors=[2, 4])
    upscaler = pickle.loads(pickle.dumps(resolve(str(path), factor, threads=1)))
    assert (upscaler.name, upscaler.factor) == (f"mdsr_x{factor}", factor)
    assert upscaler(np.zeros((9, 12), dtype=np.float32)).shape == (9 * factor, 12 * factor)
    with pytest.raises(UsageError, match="enlarges 2 times, not 8"):
        resolve(str(path), 8, threads=1)


def test_an_rgb_network_enlarges_grey_pages(tmp_path: Path) -> None:
    upscaler = resolve(str(checkpoint(tmp_path / "a.safetensors", "srgan", channels=8, blocks=1, colours=3)), 2)
    assert upscaler(np.zeros((9, 12), dtype=np.float32)).shape == (18, 24)


def test_a_checkpoint_enlarges(tmp_path: Path) -> None:
    upscaler = resolve(str(checkpoint(tmp_path / "a.safetensors")), 2, threads=1)
    assert (upscaler.name, upscaler.factor) == ("compact_x2", 2)
    assert upscaler.overlap > 0
    assert upscaler(np.zeros((9, 12), dtype=np.float32)).shape == (18, 24)


def test_a_damaged_checkpoint_is_a_sentence(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = tmp_path / "a.safetensors"
    path.write_text("no checkpoint")
    with pytest.raises(CheckpointError):
        resolve(str(path), None)


ALLOCATOR = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate "
    "76754688 bytes. Error code 12 (Cannot allocate memory)"
)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError(ALLOCATOR), "it does not fit in memory; allow more --max-memory, or use a smaller --tile"),
        (RuntimeError("could not create a primitive"), "it does not fit in memory; allow more --max-memory, or use"),
        (MemoryError(), "it does not fit in memory; allow more --max-memory, or use a smaller --tile"),
        (
            RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB.\nSee the documentation."),
            "it does not fit in the memory of the GPU; use a smaller --tile",
        ),
        (
            RuntimeError("Calculated padded input size is too small.\nSee."),
            "Calculated padded input size is too small "
            "(if memory ran out: allow more --max-memory, or use a smaller --tile)",
        ),
    ],
    ids=["allocator", "oneDNN", "Python", "GPU", "other"],
)
def test_what_torch_raises_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    upscaler = resolve(str(checkpoint(tmp_path / "mine.safetensors")), 2, threads=1)

    def full(_batch: object) -> None:
        raise error

    monkeypatch.setattr(vars(upscaler)["_generator"], "forward", full)
    with pytest.raises(PageError) as caught:
        upscaler(np.zeros((9, 12), dtype=np.float32))
    assert str(caught.value).startswith(f"the network mine.safetensors failed on 12 x 9 px: {told}")
    assert "alloc" not in str(caught.value).replace("allow", "")
