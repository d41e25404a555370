"""What turns gradients into updates: Adam, or Muon for hidden convolutions and Adam for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from docsr.models.base import Generator
from docsr.train_config import ScheduleConfig

BETAS = (0.9, 0.99)
"""Adam's memories of the gradient and of its square."""


@dataclass(frozen=True, slots=True)
class ScheduledOptimiser:
    """An optimiser and its highest learning rate.

    Attributes:
        optimiser: of some weights.
        peak: its learning rate at its highest.
    """

    optimiser: torch.optim.Optimizer
    peak: float

    def step(self, share: float) -> None:
        """One update at ``share`` (0 to 1) of the highest rate."""
        for group in self.optimiser.param_groups:
            group["lr"] = share * self.peak
        self.optimiser.step()


def adam(weights: Iterable[Tensor], peak: float) -> ScheduledOptimiser:
    """Adam (Kingma and Ba, arXiv 1412.6980) for ``weights``."""
    return ScheduledOptimiser(torch.optim.Adam(weights, peak, betas=BETAS), peak)


def optimisers_of(network: Generator, schedule: ScheduleConfig) -> dict[str, ScheduledOptimiser]:
    """The optimisers of a generator, which together update each of its weights once.

    Returns:
        By their names in a saved state: ``optimiser``, and ``muon`` where it is asked for.
    """
    if schedule.optimiser == "adam":
        return {"optimiser": adam(network.parameters(), schedule.learning_rate)}
    hidden = hidden_weights(network)
    taken = {id(weight) for weight in hidden}
    rest = [weight for weight in network.parameters() if id(weight) not in taken]
    muon = ScheduledOptimiser(ConvolutionMuon(hidden, schedule.muon_learning_rate), schedule.muon_learning_rate)
    return {"optimiser": adam(rest, schedule.learning_rate), "muon": muon}


def hidden_weights(network: Generator) -> list[Tensor]:
    """The weights of all convolutions but the ends: Muon is for matrices between features."""
    ends = {id(convolution) for convolution in network.ends()}
    found = (module for module in network.modules() if isinstance(module, nn.Conv2d))
    return [convolution.weight for convolution in found if id(convolution) not in ends]


class ConvolutionMuon(torch.optim.Muon):
    """Muon for convolutions: a weight is the matrix of its filters, a row each.

    Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) makes the singular values of an update about
    alike (0.5 to 1.5), so that rare directions learn as fast as frequent ones. Updates are multiplied by 0.2 *
    sqrt(max(rows, columns)), so that the root of their mean square is about 0.2 of the rate, as Adam's is (Moonlight,
    arXiv 2502.16982).

    Args:
        weights: of two or more dimensions, contiguous, and staying where they are in memory.
        rate: learning rate, above 0.

    Raises:
        RuntimeError: a weight that is not contiguous.
    """

    def __init__(self, weights: Sequence[Tensor], rate: float) -> None:
        self.weights = weights
        self.matrices = [nn.Parameter(weight.detach().view(len(weight), -1)) for weight in weights]
        super().__init__(self.matrices, rate, weight_decay=0, adjust_lr_fn="match_rms_adamw")

    def step(self, closure: Any = None) -> Any:
        """One update of each weight that has a gradient; torch's ``closure`` is not called: gradients must be there."""
        for weight, matrix in zip(self.weights, self.matrices, strict=True):
            matrix.grad = None if weight.grad is None else weight.grad.reshape(matrix.shape)
        super().step()  # type: ignore[no-untyped-call]
        for matrix in self.matrices:
            matrix.grad = None  # not kept beside the next gradients
