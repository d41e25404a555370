"""Hold everything that changes during training, and save it for resuming."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from pickle import UnpicklingError  # nosec B403
from typing import Any, cast
from zipfile import BadZipFile

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from docsr.errors import CheckpointError, UsageError
from docsr.io.paths.atomic import atomic_write
from docsr.models import DISCRIMINATORS, build_discriminator, build_generator, generator_arguments
from docsr.models.base import Generator
from docsr.models.checkpoint import Header, load_checkpoint, save_checkpoint
from docsr.models.torch_file import read_torch_file
from docsr.train_config import TrainConfig
from docsr.train_config_file import check_config
from docsr.training.optimisers import ScheduledOptimiser, adam, optimisers_of
from docsr.training.schedule import SpikeGuard

STATE = "state.pt"
CHECKPOINT = "checkpoint.safetensors"
FREE = re.compile(r"output\..*|schedule\.(steps|compile|accumulate)|data\.(workers|dir)|init")
"""Options that may change when a run is resumed. The patches are compared instead of data.dir, which may be moved."""


class TrainingState:
    """Hold the generator, its average, the discriminator, the optimisers and the step reached.

    Args:
        config: the run's configuration.
        device: where the networks live.
        patches: fingerprint of the training patches.
        resumed: whether a saved state will be loaded, so that ``config.init`` is not read again.

    Attributes:
        taken: number of tensors from ``config.init``, and of the generator's tensors; None without ``init``.
    """

    def __init__(self, config: TrainConfig, device: torch.device, *, patches: str = "", resumed: bool = False) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.patches = patches
        self.step = 0
        self.samples = 0
        self.step_samples = 0
        name, args = config.generator.name, config.generator.args
        self.generator = build_generator(name, config.factor, args).to(device)
        DISCRIMINATORS.find(config.discriminator.name)  # so that a wrong name fails even without a GAN phase
        self.discriminator: nn.Module | None = None
        if config.schedule.gan_start is not None:
            self.discriminator = _critic(config, self.generator).to(device)
        self.taken: tuple[int, int] | None = None
        if config.init is not None and not resumed:
            given = load_checkpoint(config.init).state
            self.taken = load_fitting(self.generator, given), len(self.generator.state_dict())
        self.ema = AveragedModel(self.generator, multi_avg_fn=_average(config.schedule.ema))
        self.optimisers = optimisers_of(self.generator, config.schedule)
        self.critic_optimiser: ScheduledOptimiser | None = None
        if self.discriminator is not None:
            rate = config.schedule.discriminator_learning_rate
            self.critic_optimiser = adam(self.discriminator.parameters(), rate)
        self.spikes: dict[int, SpikeGuard] = {}
        self.forget_spikes()

    def parts(self) -> dict[str, Any]:
        """Return everything that has a state_dict, by name."""
        parts = {
            "generator": self.generator,
            "ema": self.ema,
            "discriminator": self.discriminator,
            "critic_optimiser": self.critic_optimiser and self.critic_optimiser.optimiser,
        }
        parts |= {name: scheduled.optimiser for name, scheduled in self.optimisers.items()}
        return {name: part for name, part in parts.items() if part is not None}

    def resize_steps(self, samples: int) -> int | None:
        """Set the number of samples per step, starting at a whole step; return the former number if it differed."""
        before, self.step_samples = self.step_samples, samples
        self.samples = -(-self.samples // samples) * samples
        return before if before not in {0, samples} else None

    def forget_spikes(self) -> None:
        """Start the running means of the loss anew, one for each factor, since their losses differ in scale."""
        self.spikes = {factor: SpikeGuard(self.config.schedule.spike) for factor in self.generator.factors}

    @property
    def averaged(self) -> Generator:
        """Return the generator with the averaged weights, which is validated and shipped."""
        return cast(Generator, self.ema.module)

    def save(self, folder: Path, x_height: tuple[float, float] | None) -> None:
        """Write the state, and the checkpoint of the averaged weights, each atomically."""
        values: dict[str, Any] = {name: part.state_dict() for name, part in self.parts().items()}
        values |= {
            "step": self.step,
            "samples": self.samples,
            "step_samples": self.step_samples,
            "config": self.config.model_dump(mode="json"),
            "patches": self.patches,
        }
        values |= {"spikes": {factor: [guard.mean, guard.seen] for factor, guard in self.spikes.items()}}
        values |= {"random": torch.get_rng_state()}
        buffer = io.BytesIO()
        torch.save(values, buffer)
        with atomic_write(folder / STATE) as file:
            file.write(buffer.getbuffer())
        generator = self.config.generator
        arguments = generator_arguments(generator.name, generator.args)
        header = Header(generator.name, self.config.factor, arguments, x_height, self.step)
        save_checkpoint(folder / CHECKPOINT, header, self.averaged.state_dict())

    def load(self, folder: Path) -> None:
        """Load a saved state, so that the run continues as if it had never stopped.

        Raises:
            UsageError: there is no saved state, or options differ that would change the result; it names them all.
            CheckpointError: the state is damaged, or is from a version of docsr with other networks.
        """
        path = folder / STATE
        if not os.path.exists(path):
            raise UsageError(f"{folder} holds no run to resume ({STATE} is missing)")
        try:
            values = read_torch_file(path, "state of a training")
        except (RuntimeError, OSError, EOFError, UnpicklingError, BadZipFile, ValueError) as error:
            raise CheckpointError(f"{path} is damaged and cannot be resumed") from error
        if not isinstance(values, dict) or not {"config", "step", "generator"} <= values.keys():
            raise CheckpointError(f"{path} is not the state of a docsr train run")
        self._check_options(folder, values)
        try:
            for name, part in self.parts().items():
                part.load_state_dict(values[name])
            self.step = int(values["step"])
            batch = self.config.data.batch  # the number of samples that earlier states imply
            self.samples, self.step_samples = (
                values.get("samples", self.step * batch),
                values.get("step_samples", batch),
            )
            for factor, guard in self.spikes.items():
                saved = values["spikes"]
                guard.mean, guard.seen = saved[factor] if isinstance(saved, dict) else saved  # older states: one pair
            torch.set_rng_state(values["random"])
        except (RuntimeError, KeyError, ValueError, TypeError) as error:
            raise CheckpointError(
                f"{path} does not fit the networks of its own options: it is damaged, or another version of docsr "
                "wrote it; start a new --out"
            ) from error

    def _check_options(self, folder: Path, values: dict[str, Any]) -> None:
        try:
            saved = _flatten(check_config(values["config"]).model_dump(mode="json"))
        except UsageError as error:
            raise CheckpointError(f"{folder / STATE} was written by another docsr: start a new --out") from error
        current = _flatten(self.config.model_dump(mode="json"))
        differing = [
            f"{key} ({saved.get(key)} then, {current.get(key)} now)"
            for key in sorted(saved.keys() | current.keys())
            if saved.get(key) != current.get(key) and not FREE.fullmatch(key)
        ]
        if values.get("patches", self.patches) != self.patches:  # states of the first version lack this key
            differing.append("the patches of --data")
        if differing:
            raise UsageError(
                f"{folder} was trained with other options: {', '.join(differing)}; resume with the same options, or "
                "start a new --out"
            )


def _critic(config: TrainConfig, generator: Generator) -> nn.Module:
    if len(generator.factors) > 1:
        raise UsageError(
            "a discriminator sees patches of one size, and this generator learns several factors: leave out "
            "schedule.gan_start, or give generator.args.factors the one factor"
        )
    critic, patch = config.discriminator, config.data.lr_patch * config.factor
    return build_discriminator(critic.name, config.factor, patch, critic.args, config.colours)


def _flatten(values: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Return nested options by their dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flatten(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return flat


def load_fitting(network: nn.Module, state: dict[str, Tensor]) -> int:
    """Copy the tensors whose name and shape match (a 2x network can start a 4x one); return how many."""
    own = network.state_dict()
    fitting = {key: value for key, value in state.items() if key in own and own[key].shape == value.shape}
    if not fitting:
        raise CheckpointError("the checkpoint given as init has no weights that fit this network")
    network.load_state_dict(own | fitting)
    return len(fitting)


def _average(decay: float):  # type: ignore[no-untyped-def]
    """Return an exponential average that starts quickly: its decay grows to ``decay`` as (1 + n) / (10 + n)."""

    @torch.no_grad()
    def update(averages: list[Tensor], values: list[Tensor], count: Tensor | int) -> None:
        weight = 1 - min(decay, (1 + int(count)) / (10 + int(count)))
        for average, value in zip(averages, values, strict=True):
            average.lerp_(value, weight)

    return update
