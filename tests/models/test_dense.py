"""Compact networks that look from every pixel."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from docsr.errors import UsageError
from tests.models.test_networks import size, tiny


@pytest.mark.parametrize("shrink", [1, 2, 4])
def test_dense_compact_is_the_mean_of_the_plain_one_over_all_positions(shrink: int) -> None:
    plain, dense = (
        tiny("compact", 2, bias=False, shrink=shrink, kernel=3, blocks=2, **args) for args in ({}, {"dense": True})
    )
    for weight in plain.parameters():
        nn.init.normal_(weight, std=0.1)
    dense.load_state_dict(plain.state_dict())
    assert (dense.radius, size(dense)) == (plain.radius, size(plain))
    x, border = torch.rand(1, 1, 120, 112), plain.radius
    places = [(down, right) for down in range(shrink) for right in range(shrink)]
    with torch.inference_mode():
        moved = [
            plain(nn.functional.pad(x, (right, 0, down, 0), value=1))[..., 2 * down :, 2 * right :]
            for down, right in places
        ]
        inner = slice(2 * border, -2 * border)  # at the edge bicubic repeats what was put beside the image
        expected = torch.stack(moved).mean(dim=0)[..., inner, inner]
        assert expected.numel()
        torch.testing.assert_close(dense(x)[..., inner, inner], expected, atol=1e-5, rtol=0)


def test_mixing_changes_nothing_until_it_has_learnt() -> None:
    args = {"bias": False, "shrink": 2, "blocks": 4, "dense": True}
    plain, mixed = tiny("compact", 4, **args), tiny("compact", 4, mixing=3, **args)
    for weight in plain.parameters():
        nn.init.normal_(weight, std=0.1)
    missing = mixed.load_state_dict(plain.state_dict(), strict=False).missing_keys
    assert missing == [f"trunk.{number}.near.weight" for number in (1, 2, 3)]
    assert (mixed.radius, size(mixed)) == (plain.radius, size(plain) + 3 * 9 * 8 * 8)
    x = torch.rand(1, 1, 20, 23)
    with torch.inference_mode():
        same = plain(x)
        torch.testing.assert_close(mixed(x), same)
        nn.init.normal_(mixed.get_parameter("trunk.2.near.weight"), std=0.1)
        assert not torch.allclose(mixed(x), same, atol=1e-3)


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({"mixing": 1}, "and 0 without, not 1"),
        ({"dense": True, "mixing": 2}, "from 0 to the 1 blocks with dense and shrink, and 0 without, not 2"),
        ({"dense": True, "mixing": -1}, "not -1"),
        ({"dense": True, "shrink": 1, "mixing": 1}, "and 0 without, not 1"),
    ],
)
def test_blocks_that_cannot_mix(args: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        tiny("compact", 2, **{"shrink": 2, **args})
