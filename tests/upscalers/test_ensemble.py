"""The self-ensemble of a network over shifts."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from docsr.page import Page, Plane
from docsr.upscalers.catalog import resolve
from docsr.upscalers.ensemble import SHIFTS, ShiftEnsemble, ensemble_of
from docsr.upscalers.onnx import OnnxUpscaler
from docsr.upscalers.page import upscale_page
from docsr.weights import catalogue
from tests.onnx_files import conv_network
from tests.pairs import text_page


@dataclass(frozen=True)
class Squares:
    """Sees squares of 2 x 2 px as one, and makes their means of them."""

    factor: int
    name: str = "squares"
    overlap: int = 2
    keeps_white: bool = True
    guarded: bool = True

    def __call__(self, plane: Plane) -> Plane:
        height, width = plane.shape
        even = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
        means = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2).mean((1, 3))
        large = means.repeat(2 * self.factor, 0).repeat(2 * self.factor, 1)
        return np.asarray(large[: height * self.factor, : width * self.factor], np.float32)


@pytest.mark.parametrize("factor", [2, 4])
def test_a_pixel_is_seen_in_each_square_that_it_can_be_in(factor: int) -> None:
    plane = np.zeros((6, 8), np.float32)
    plane[2, 3] = 1
    weights = np.outer([0.25, 0.5, 0.25], [0.25, 0.5, 0.25])
    expected = np.zeros_like(plane)
    expected[1:4, 2:5] = weights
    made = ShiftEnsemble(Squares(factor))(plane)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, expected.repeat(factor, 0).repeat(factor, 1))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 2), (7, 4)])
def test_every_size_is_enlarged(size: tuple[int, int]) -> None:
    assert ShiftEnsemble(Squares(4))(np.ones(size, np.float32)).shape == (4 * size[0], 4 * size[1])


def test_a_network_that_does_not_mind_the_shift_gives_the_same(tmp_path: Path) -> None:
    network = OnnxUpscaler(conv_network(tmp_path / "a.onnx", 2, metadata={"docsr.overlap": "3"}), threads=1)
    ensemble = ShiftEnsemble(network)
    plane = np.random.default_rng(5).random((20, 30), np.float32)
    inner = np.s_[12:-12, 12:-12]
    np.testing.assert_allclose(ensemble(plane)[inner], network(plane)[inner], atol=1e-6)
    assert pickle.loads(pickle.dumps(ensemble))(plane).tobytes() == ensemble(plane).tobytes()
    told = (ensemble.name, ensemble.factor, ensemble.overlap, ensemble.keeps_white, ensemble.guarded)
    assert told == ("a+", network.factor, network.overlap, network.keeps_white, network.guarded)


@pytest.mark.parametrize("name", [name for name, card in catalogue().items() if not card.dense])
def test_shifts_matter_to_the_networks_that_have_ensembles(name: str) -> None:
    pixels, _ = text_page(14, 200, 120)
    ensemble, single = (
        upscale_page(Page(pixels), resolve(one, None, threads=1), guard=False).pixels
        for one in (ensemble_of(name), name)
    )
    assert np.abs(ensemble.astype(int) - single).max() > 0


def test_each_shift_is_another() -> None:
    assert len(set(SHIFTS)) == len(SHIFTS) == 4
