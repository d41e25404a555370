"""Batch norm over the samples of all processes, so that they train as one process with all of them would."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed, nn


class SharedNorm(nn.BatchNorm2d):
    """Batch norm whose mean and variance are those of all processes' batches together, which have one size.

    torch's SyncBatchNorm does the same on GPUs and refuses a CPU; this is the definition, over any backend.
    """

    def forward(self, x: Tensor) -> Tensor:
        """N x C x H x W to the same shape."""
        if not self.training:
            return super().forward(x)
        values = x.float()  # gloo adds no bfloat16
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
    """The sum over the processes; its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        """The sum, the same on each."""
        total = value.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """The same of the gradients."""
        total = gradients[0].clone()
        distributed.all_reduce(total)
        return total


def _mean_of_all(value: Tensor) -> Tensor:
    total: Tensor = _SumOfAll.apply(value)
    return total / distributed.get_world_size()


def share_norms(network: nn.Module) -> None:
    """Let every batch norm inside the network be shared, in place; its weights stay the ones they are."""
    for name, child in network.named_children():
        if type(child) is nn.BatchNorm2d:
            shared = SharedNorm(child.num_features, child.eps, child.momentum)
            shared.weight, shared.bias = child.weight, child.bias
            for buffer, value in child.named_buffers():
                setattr(shared, buffer, value)
            setattr(network, name, shared.train(child.training))
        else:
            share_norms(child)
