"""What turns gradients into updates: Adam, and Muon for the convolutions in the middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from docsr.config import ScheduleConfig

BETAS = (0.9, 0.99)


@dataclass(frozen=True, slots=True)
class Learner:
    """An optimiser and its highest learning rate."""

    optimiser: torch.optim.Optimizer
    rate: float

    def step(self, share: float) -> None:
        """One update at ``share`` of the rate."""
        for group in self.optimiser.param_groups:
            group["lr"] = share * self.rate
        self.optimiser.step()


def adam(weights: Sequence[Tensor], rate: float) -> Learner:
    """Adam for ``weights``."""
    return Learner(torch.optim.Adam(weights, rate, betas=BETAS), rate)


def learners(network: nn.Module, schedule: ScheduleConfig) -> dict[str, Learner]:
    """The optimisers of a generator by name, which together update each of its weights once."""
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    middle = [weight for weight in weights if weight.ndim > 1][1:-1] if schedule.optimiser == "muon" else []
    taken = {id(weight) for weight in middle}
    found = {"optimiser": adam([weight for weight in weights if id(weight) not in taken], schedule.learning_rate)}
    if middle:
        found["muon"] = Learner(ConvolutionMuon(middle, schedule.muon_learning_rate), schedule.muon_learning_rate)
    return found


class ConvolutionMuon(torch.optim.Muon):
    """Muon for convolutions: a weight is the matrix of its filters, a row each.

    Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) makes all singular values of an update alike,
    so that rare directions learn as fast as frequent ones. Updates are scaled to the size of Adam's (Moonlight, arXiv
    2502.16982).

    Args:
        weights: of two or more dimensions, contiguous, and staying where they are in memory.
        rate: learning rate.
    """

    def __init__(self, weights: Sequence[Tensor], rate: float) -> None:
        self.weights = weights
        self.matrices = [nn.Parameter(weight.detach().view(len(weight), -1)) for weight in weights]
        super().__init__(self.matrices, rate, weight_decay=0, adjust_lr_fn="match_rms_adamw")

    def step(self, closure: Any = None) -> Any:
        """One update of each weight that has a gradient."""
        for weight, matrix in zip(self.weights, self.matrices, strict=True):
            matrix.grad = None if weight.grad is None else weight.grad.reshape(matrix.shape)
        return super().step(closure)  # type: ignore[no-untyped-call]
