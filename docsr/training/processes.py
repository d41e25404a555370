"""The processes of one run: several under torchrun, which share each step's work, or one."""

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
"""In what gloo says when another process cannot be reached."""


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among those of the run.

    Attributes:
        rank: its number, from 0.
        size: how many there are.
        device: where it computes.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether it is the one that writes, validates and tells."""
        return self.rank == 0

    def share_norms(self, network: nn.Module) -> None:
        """Let batch norm see the batches of all processes, in place."""
        if self.size > 1:
            share_norms(network)

    def share(self, network: nn.Module, *, parts_unused: bool = False) -> nn.Module:
        """The network with gradients averaged over the processes.

        Args:
            network: the same on every process.
            parts_unused: whether a step leaves some of its weights alone (a network with several factors).
        """
        if self.size == 1:
            return network
        with lost_process_told():
            return self._shared(network, parts_unused)

    def _shared(self, network: nn.Module, parts_unused: bool) -> nn.Module:
        devices = [self.device.index] if self.device.type == "cuda" else None
        # Buffers (batch norm's running means) need no sending: they are the same everywhere.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # older torch knows the option by this name only
            return DistributedDataParallel(
                network, device_ids=devices, broadcast_buffers=False, find_unused_parameters=parts_unused
            )

    def memory(self) -> dict[str, float]:
        """The most memory that a GPU had in use so far, in MiB; nothing on a CPU."""
        if self.device.type != "cuda":
            return {}
        return {"memory": torch.cuda.max_memory_allocated(self.device) / 2**20}

    def mean(self, value: float) -> float:
        """The mean of all processes' values, the same on each. TrainingError when one of them is gone."""
        if self.size == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=self.device)
        with lost_process_told():
            distributed.all_reduce(total)
        return float(total) / self.size

    def telling(self) -> AbstractContextManager[None]:
        """Where others are waited for: says what it means when one of them is gone."""
        return lost_process_told() if self.size > 1 else nullcontext()

    def any(self, flag: bool) -> bool:
        """Whether it is so on any process; the same answer on each."""
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
    with lost_process_told():
        distributed.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Processes(distributed.get_rank(), size, device)
        with lost_process_told():
            distributed.barrier()  # one that leaves while others are at work may be aborted
    finally:
        distributed.destroy_process_group()


@contextmanager
def lost_process_told() -> Iterator[None]:
    """Say what torch.distributed's errors mean."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, distributed.DistError) and not LOST.search(str(error)):
            raise
        raise TrainingError(
            "another process of this run ended or cannot be reached: start torchrun again with --resume; the state of "
            "the last checkpoint is kept"
        ) from error
