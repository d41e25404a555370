"""Normalise batches over the samples of all processes, so that they train like one process with all samples."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed, nn


class SharedNorm(nn.BatchNorm2d):
    """Batch norm with the mean and variance over the batches of all processes, which have one size.

    torch's SyncBatchNorm does the same on GPUs but refuses CPUs; this follows the definition, on any backend.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise N x C x H x W; return the same shape."""
        if not self.training:
            return super().forward(x)
        values = x.float()  # gloo cannot add bfloat16
        mean = _mean_of_all(values.mean(dim=(0, 2, 3)))
        centred = values - mean[:, None, None]
        variance = _mean_of_all((centred * centred).mean(dim=(0, 2, 3)))
        self._remember(mean.detach(), variance.detach(), x.numel() // x.shape[1] * distributed.get_world_size())
        scale = self.weight * torch.rsqrt(variance + self.eps)
        out = centred * scale[:, None, None] + self.bias[:, None, None]
        return out.to(x.dtype)

    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * count / max(1, count - 1), self.momentum)


class _SumOfAll(torch.autograd.Function):
    """Sum a value over the processes; its gradient is the sum of their gradients."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        """Return the sum, the same on each process."""
        total = value.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """Return the sum of the gradients."""
        total = gradients[0].clone()
        distributed.all_reduce(total)
        return total


def _mean_of_all(value: Tensor) -> Tensor:
    total: Tensor = _SumOfAll.apply(value)
    return total / distributed.get_world_size()


def share_norms(network: nn.Module) -> None:
    """Replace every batch norm inside the network by a shared one, in place; weights and buffers stay the same."""
    for name, child in network.named_children():
        if type(child) is nn.BatchNorm2d:
            shared = SharedNorm(child.num_features, child.eps, child.momentum)
            shared.weight, shared.bias = child.weight, child.bias
            for buffer, value in child.named_buffers():
                setattr(shared, buffer, value)
            setattr(network, name, shared.train(child.training))
        else:
            share_norms(child)
