"""The reading loss: which line it reads, and what it makes of one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from docsr.errors import CheckpointError
from docsr.losses.reading import ReadingLoss, find_line
from tests.losses.weights_files import assert_a_sentence, recogniser_state, write


def page(*rows: tuple[int, int], side: int = 96, ink: float = 0.1, paper: float = 0.9) -> Tensor:
    """Paper with letters like a fence in these rows."""
    image = torch.full((side, side), paper)
    for top, bottom in rows:
        image[top:bottom, 8:-8:3] = ink
    return image


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        pytest.param([(20, 40)], slice(18, 42), id="one"),
        pytest.param([(20, 40), (50, 62)], slice(18, 42), id="the one with the most ink"),
        pytest.param([(1, 31)], slice(0, 34), id="a margin ends with the image"),
        pytest.param([(0, 30), (50, 62)], slice(48, 64), id="one cut by the edge above is not whole"),
        pytest.param([(20, 32), (60, 96)], slice(18, 34), id="nor one below"),
        pytest.param([(20, 29)], None, id="too low"),
        pytest.param([(20, 69)], None, id="too high"),
        pytest.param([], None, id="empty paper"),
    ],
)
def test_the_line_that_is_read(rows: list[tuple[int, int]], line: slice | None) -> None:
    assert find_line(page(*rows)) == line


def test_faint_ink_is_found_and_shades_of_paper_are_not() -> None:
    assert find_line(page((20, 40), ink=0.6)) == slice(18, 42)
    assert find_line(page((20, 40), ink=0.8)) is None


def test_it_is_zero_for_equal_images_and_its_gradient_stays_on_the_line(recogniser: Path) -> None:
    loss = ReadingLoss(recogniser, 1)
    hr = page((20, 40))[None, None]
    sr = (hr + torch.rand(hr.shape, generator=torch.Generator().manual_seed(0)) / 5).requires_grad_()
    assert float(loss(hr, hr)) < 1e-6
    value = loss(sr, hr)
    assert value > 0
    value.backward()
    assert sr.grad is not None
    assert bool(sr.grad[..., 18:42, :].any())
    sr.grad[..., 18:42, :] = 0
    assert not sr.grad.any()


def test_patches_without_a_line_and_those_beyond_the_limit_do_not_count(recogniser: Path) -> None:
    hr = torch.stack([page((20, 40)), page(), page((20, 40))])[:, None]
    sr = 1 - hr
    alone, all_three, two = (ReadingLoss(recogniser, patches) for patches in (1, 3, 2))
    value = float(alone(sr, hr))
    assert value > 0
    assert float(all_three(sr, hr)) == pytest.approx(value)
    assert float(two(sr, hr)) == pytest.approx(value)
    empty = (sr[1:2] * 1).requires_grad_()
    nothing = alone(empty, hr[1:2])
    nothing.backward()
    assert float(nothing.detach()) == 0


def test_it_weighs_lines_alike_whatever_their_height(recogniser: Path) -> None:
    low, high = page((20, 32))[None, None], page((20, 44))[None, None]
    loss = ReadingLoss(recogniser, 2)
    both = loss(torch.cat([1 - low, 1 - high]), torch.cat([low, high]))
    assert float(both) == pytest.approx(float(loss(1 - low, low) + loss(1 - high, high)) / 2, rel=1e-4)


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float32])
def test_it_learns_under_mixed_precision(recogniser: Path, precision: torch.dtype) -> None:
    hr = page((20, 40))[None, None]
    sr = (hr * 0.5).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision is torch.bfloat16):
        value = ReadingLoss(recogniser, 1)(sr, hr)
    value.backward()
    assert value.dtype is torch.float32
    assert sr.grad is not None
    assert bool(torch.isfinite(sr.grad).all())
    assert bool(sr.grad.any())


def test_a_recogniser_without_its_lstms_is_refused(tmp_path: Path) -> None:
    state = {key: value for key, value in recogniser_state().items() if "SequenceModeling.1" not in key}
    with pytest.raises(CheckpointError) as caught:
        ReadingLoss(write(tmp_path / "a.pth", state), 1)
    assert_a_sentence(str(caught.value), "a.pth", "SequenceModeling.1.rnn.weight_ih_l0 is missing")
