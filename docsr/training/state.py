"""Everything that changes while training, and its file for resuming."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from docsr.config import TrainConfig
from docsr.errors import CheckpointError, UsageError
from docsr.io.files import atomic_write
from docsr.models import build_discriminator, build_generator
from docsr.models.checkpoint import Header, load_checkpoint, save_checkpoint
from docsr.training.schedule import SpikeGuard

STATE = "state.pt"
CHECKPOINT = "checkpoint.safetensors"


class TrainingState:
    """Generator, its average, discriminator, optimisers and the step reached.

    Args:
        config: the run's configuration.
        device: where the networks live.
        resumed: a saved state follows, so that ``config.init`` is not read again.
    """

    def __init__(self, config: TrainConfig, device: torch.device, *, resumed: bool = False) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.step = 0
        name, args = config.generator.name, config.generator.args
        self.generator = build_generator(name, config.factor, args).to(device)
        self.discriminator: nn.Module | None = None
        if config.schedule.gan_start is not None:
            patch = config.data.lr_patch * config.factor
            critic = config.discriminator
            self.discriminator = build_discriminator(critic.name, config.factor, patch, critic.args).to(device)
        if config.init is not None and not resumed:
            load_fitting(self.generator, load_checkpoint(config.init).state)
        self.ema = AveragedModel(self.generator, multi_avg_fn=_average(config.schedule.ema))
        rate = config.schedule.learning_rate
        self.optimiser = torch.optim.Adam(self.generator.parameters(), rate, betas=(0.9, 0.99))
        self.critic_optimiser: torch.optim.Optimizer | None = None
        if self.discriminator is not None:
            rate = config.schedule.discriminator_learning_rate
            self.critic_optimiser = torch.optim.Adam(self.discriminator.parameters(), rate, betas=(0.9, 0.99))
        self.spikes = SpikeGuard(config.schedule.spike)

    def parts(self) -> dict[str, Any]:
        """Everything with a state_dict, by name."""
        parts = {
            "generator": self.generator,
            "ema": self.ema,
            "optimiser": self.optimiser,
            "discriminator": self.discriminator,
            "critic_optimiser": self.critic_optimiser,
        }
        return {name: part for name, part in parts.items() if part is not None}

    def save(self, folder: Path, x_height: tuple[float, float] | None) -> None:
        """Write the state and the checkpoint of the averaged weights, each atomically."""
        values: dict[str, Any] = {name: part.state_dict() for name, part in self.parts().items()}
        values |= {"step": self.step, "config": self.config.model_dump(mode="json")}
        values |= {"spikes": [self.spikes.mean, self.spikes.seen], "random": torch.get_rng_state()}
        buffer = io.BytesIO()
        torch.save(values, buffer)
        with atomic_write(folder / STATE) as path:
            path.write_bytes(buffer.getbuffer())
        generator = self.config.generator
        header = Header(generator.name, self.config.factor, generator.args, x_height, self.step)
        save_checkpoint(folder / CHECKPOINT, header, self.ema.module.state_dict())

    def load(self, folder: Path) -> None:
        """Take up a saved state. CheckpointError when it is damaged, UsageError when it is another network's."""
        path = folder / STATE
        try:
            values = torch.load(path, map_location="cpu", weights_only=True)
        except FileNotFoundError as error:
            raise UsageError(f"{folder} holds no run to resume ({STATE} is missing)") from error
        except (RuntimeError, OSError, EOFError, pickle.UnpicklingError) as error:
            raise CheckpointError(f"{path} is damaged and cannot be resumed") from error
        if not isinstance(values, dict) or not {"config", "step", "generator"} <= values.keys():
            raise CheckpointError(f"{path} is not the state of a docsr train run")
        saved = values["config"]
        mine = self.config.model_dump(mode="json")
        for key in ("factor", "generator", "discriminator"):
            if saved[key] != mine[key]:
                raise UsageError(f"{folder} was trained with another {key}: resume with the same, or start a new --out")
        for name, part in self.parts().items():
            if name in values:
                part.load_state_dict(values[name])
        self.step = values["step"]
        self.spikes.mean, self.spikes.seen = values["spikes"]
        torch.set_rng_state(values["random"])


def load_fitting(network: nn.Module, state: dict[str, Tensor]) -> int:
    """Copy the tensors whose name and shape fit (a 2x network as the start of a 4x one); return how many."""
    own = network.state_dict()
    fitting = {key: value for key, value in state.items() if key in own and own[key].shape == value.shape}
    if not fitting:
        raise CheckpointError("the checkpoint given as init has no weights that fit this network")
    network.load_state_dict(own | fitting)
    return len(fitting)


def _average(decay: float):  # type: ignore[no-untyped-def]
    """An exponential average that starts quickly: decay grows to ``decay`` as (1 + n) / (10 + n)."""

    @torch.no_grad()
    def update(averages: list[Tensor], values: list[Tensor], count: Tensor | int) -> None:
        weight = 1 - min(decay, (1 + int(count)) / (10 + int(count)))
        for average, value in zip(averages, values, strict=True):
            average.lerp_(value, weight)

    return update
