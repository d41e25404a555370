"""What is coded without loss comes back, and in the way that suits it."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from docsr.io.raster.lossless import deflated
from docsr.page import Pixels

RANDOM = np.random.default_rng(0)
NOISY = RANDOM.integers(200, 240, (300, 400), np.uint8)
EVEN = np.repeat(np.repeat(RANDOM.integers(0, 256, (6, 8), np.uint8), 50, axis=0), 50, axis=1)
COLOUR = np.stack([NOISY, NOISY, 255 - NOISY], axis=2)


@pytest.mark.parametrize("pixels", [NOISY, EVEN, COLOUR, NOISY[:1, :1], EVEN[:, :1]])
def test_deflated_rows_come_back(pixels: Pixels):
    apart = np.frombuffer(zlib.decompress(deflated(pixels)), np.uint8).reshape(pixels.shape)
    assert np.array_equal(np.cumsum(apart, axis=1, dtype=np.uint8), pixels)


@pytest.mark.parametrize(("pixels", "slack"), [(NOISY, 1.03), (EVEN, 2), (COLOUR, 1.1)])
def test_the_way_of_coding_suits_the_page(pixels: Pixels, slack: float):
    """No much larger than by all of zlib's own searching."""
    apart = np.diff(pixels, axis=1, prepend=np.zeros_like(pixels[:, :1]))
    assert len(deflated(pixels)) < slack * len(zlib.compress(apart.tobytes(), 9))
