"""Share the work of each step among the processes of a run: several under torchrun, otherwise one."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from docsr.errors import TrainingError, UsageError
from docsr.training.shared_norm import share_norms

LOST = re.compile(r"closed by peer|reset by peer|refused|Timed out|timed out|Broken pipe")
"""Matches errors of gloo when another process cannot be reached."""


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among those of the run.

    Attributes:
        rank: number of this process, from 0.
        size: number of processes.
        device: where this process computes.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Return whether this process is the one that writes files, validates and prints."""
        return self.rank == 0

    def share_norms(self, network: nn.Module) -> None:
        """Let batch norm use the batches of all processes, in place."""
        if self.size > 1:
            share_norms(network)

    def share(self, network: nn.Module, *, parts_unused: bool = False) -> nn.Module:
        """Return the network with gradients averaged over the processes.

        Args:
            network: a network that is the same on every process.
            parts_unused: whether a step may leave some weights unused (a network with several factors).
        """
        if self.size == 1:
            return network
        with explain_lost_process():
            return self._shared(network, parts_unused)

    def _shared(self, network: nn.Module, parts_unused: bool) -> nn.Module:
        devices = [self.device.index] if self.device.type == "cuda" else None
        # Buffers (batch norm's running means) need not be sent: they are the same on every process.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # older torch knows only this name of the option
            return DistributedDataParallel(
                network, device_ids=devices, broadcast_buffers=False, find_unused_parameters=parts_unused
            )

    def memory(self) -> dict[str, float]:
        """Return the most memory that the GPU has had in use, in MiB; nothing on a CPU."""
        if self.device.type != "cuda":
            return {}
        return {"memory": torch.cuda.max_memory_allocated(self.device) / 2**20}

    def mean(self, value: float) -> float:
        """Return the mean of all processes' values, the same on each. TrainingError if a process is gone."""
        if self.size == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=self.device)
        with explain_lost_process():
            distributed.all_reduce(total)
        return float(total) / self.size

    def explaining(self) -> AbstractContextManager[None]:
        """Explain torch's errors within the block, in which other processes are awaited."""
        return explain_lost_process() if self.size > 1 else nullcontext()

    def any(self, flag: bool) -> bool:
        """Return whether the flag is set on any process; all processes get the same answer."""
        return self.mean(float(flag)) > 0


@contextmanager
def joined() -> Iterator[Processes]:
    """Join the other processes of torchrun (it sets WORLD_SIZE, RANK and LOCAL_RANK), and leave them at the end."""
    size, local = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_RANK", "0"))
    cuda = torch.cuda.is_available()
    if cuda and local >= torch.cuda.device_count():
        raise UsageError(f"torchrun starts more processes than there are GPUs ({torch.cuda.device_count()})")
    device = torch.device("cuda", local) if cuda else torch.device("cpu")
    if size == 1:
        yield Processes(0, 1, device)
        return
    if cuda:
        torch.cuda.set_device(device)
    with explain_lost_process():
        distributed.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Processes(distributed.get_rank(), size, device)
        with explain_lost_process():
            distributed.barrier()  # a process that leaves while others still work may abort them
    finally:
        distributed.destroy_process_group()


@contextmanager
def explain_lost_process() -> Iterator[None]:
    """Raise a TrainingError within the block if another process is gone, in place of torch's error."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, distributed.DistError) and not LOST.search(str(error)):
            raise
        raise TrainingError(
            "another process of this run ended or cannot be reached: start torchrun again with --resume; the state of "
            "the last checkpoint is kept"
        ) from error
