"""Turn gradients into updates: by Adam, or by Muon for hidden convolutions and Adam for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from docsr.models.base import Generator
from docsr.train_config import ScheduleConfig

BETAS = (0.9, 0.99)
"""Adam's decay rates for the gradient and for its square."""


@dataclass(frozen=True, slots=True)
class ScheduledOptimiser:
    """An optimiser and its highest learning rate.

    Attributes:
        optimiser: updates some of a network's weights.
        peak: its highest learning rate.
    """

    optimiser: torch.optim.Optimizer
    peak: float

    def step(self, share: float) -> None:
        """Update once at ``share`` (0 to 1) of the highest rate."""
        for group in self.optimiser.param_groups:
            group["lr"] = share * self.peak
        self.optimiser.step()


def adam(weights: Iterable[Tensor], peak: float) -> ScheduledOptimiser:
    """Return Adam (Kingma and Ba, arXiv 1412.6980) for ``weights``."""
    return ScheduledOptimiser(torch.optim.Adam(weights, peak, betas=BETAS), peak)


def optimisers_of(network: Generator, schedule: ScheduleConfig) -> dict[str, ScheduledOptimiser]:
    """Return the optimisers of a generator, which together update each of its weights once.

    Returns:
        The optimisers by their names in a saved state: ``optimiser``, and ``muon`` if the schedule asks for it.
    """
    if schedule.optimiser == "adam":
        return {"optimiser": adam(network.parameters(), schedule.learning_rate)}
    hidden = hidden_weights(network)
    taken = {id(weight) for weight in hidden}
    rest = [weight for weight in network.parameters() if id(weight) not in taken]
    muon = ScheduledOptimiser(ConvolutionMuon(hidden, schedule.muon_learning_rate), schedule.muon_learning_rate)
    return {"optimiser": adam(rest, schedule.learning_rate), "muon": muon}


def hidden_weights(network: Generator) -> list[Tensor]:
    """Return the weights of all convolutions except the first and last ones: Muon is for matrices between features."""
    ends = {id(convolution) for convolution in network.ends()}
    convolutions = (module for module in network.modules() if isinstance(module, nn.Conv2d))
    return [convolution.weight for convolution in convolutions if id(convolution) not in ends]


class ConvolutionMuon(torch.optim.Muon):
    """Muon for convolutions: a weight is a matrix with a row for each filter.

    Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) makes the singular values of an update nearly
    equal (0.5 to 1.5), so that rare directions learn as fast as frequent ones. Updates are multiplied by 0.2 *
    sqrt(max(rows, columns)), so that their root mean square is about 0.2 of the rate, as Adam's is (Moonlight, arXiv
    2502.16982).

    Args:
        weights: weights of two or more dimensions, contiguous, which must not move in memory.
        rate: learning rate, above 0.

    Raises:
        RuntimeError: a weight is not contiguous.
    """

    def __init__(self, weights: Sequence[Tensor], rate: float) -> None:
        self.weights = weights
        self.matrices = [nn.Parameter(weight.detach().view(len(weight), -1)) for weight in weights]
        super().__init__(self.matrices, rate, weight_decay=0, adjust_lr_fn="match_rms_adamw")

    def step(self, closure: Any = None) -> Any:
        """Update each weight that has a gradient; ``closure`` is not called, so gradients must exist already."""
        for weight, matrix in zip(self.weights, self.matrices, strict=True):
            matrix.grad = None if weight.grad is None else weight.grad.reshape(matrix.shape)
        super().step()  # type: ignore[no-untyped-call]
        for matrix in self.matrices:
            matrix.grad = None  # frees it before the next gradients are made
