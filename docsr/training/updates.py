"""Take one step of a run: update the discriminator, if there is one, then the generator."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from docsr.errors import TrainingError, UsageError, first_line
from docsr.losses import ADVERSARIAL, ContentLoss, Phase
from docsr.pairs.dataset import Pair
from docsr.train_config import TrainConfig
from docsr.training.optimisers import ScheduledOptimiser
from docsr.training.processes import Processes
from docsr.training.schedule import Skips, learning_rate
from docsr.training.state import CHECKPOINT, TrainingState

COUNTERS = ("learning_rate", "skipped")
"""Scalars whose latest value is logged instead of their mean."""


def has_bf16(device: torch.device) -> bool:
    """Return whether bfloat16 is fast on the device; on others a step with it takes several times as long as without.

    On CPUs oneDNN decides: it needs AVX-512 or Arm's counterpart. NVIDIA's GPUs have bfloat16 since Ampere.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        return bool(torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported())  # type: ignore[no-untyped-call]
    return True


class Updates:
    """Take the steps of a run.

    Args:
        config: the run's configuration.
        state: the state that the steps change.
        content: the terms of the loss that compare SR with HR.
        processes: the processes that share the batches of each step.
    """

    def __init__(self, config: TrainConfig, state: TrainingState, content: ContentLoss, processes: Processes) -> None:
        self.config, self.state, self.content, self.processes = config, state, content, processes
        # Looked up now, so that a wrong name does not fail only when the GAN phase begins.
        self.adversarial = ADVERSARIAL.find(config.loss.adversarial)
        self.skips = Skips()
        for network in (state.generator, state.discriminator):
            if network is not None:
                processes.share_norms(network)
        enlarging: nn.Module = state.generator
        if config.schedule.compile:
            enlarging = torch.compile(enlarging)  # type: ignore[assignment]
        self.generator = processes.share(enlarging, parts_unused=len(state.generator.factors) > 1)
        self.critic = None if state.discriminator is None else processes.share(state.discriminator)

    def step(self, batches: Sequence[Pair]) -> dict[str, float]:
        """Update each network that learns in this phase once, from all batches together; return the scalars.

        Raises:
            TrainingError: the loss is not finite, too many updates in a row were skipped, or a process is gone.
        """
        with self.processes.explaining():
            return self._step(batches)

    def _step(self, batches: Sequence[Pair]) -> dict[str, float]:
        config, state = self.config, self.state
        batches = [(lr.to(self.processes.device), hr.to(self.processes.device)) for lr, hr in batches]
        share = learning_rate(config.schedule, state.step)
        if state.step == config.schedule.gan_start:
            state.forget_spikes()  # with other terms the loss has another scale
        lr, hr = batches[0]
        state.generator.at(hr.shape[-1] // lr.shape[-1]).train()
        phase = self.phase()
        # The discriminator learns first, from the same SR. The SR of several batches would need too much memory.
        sr = self.enlarge(lr) if len(batches) == 1 else None
        scalars = {"discriminator": self.teach_critic(batches, sr, share)} if phase is Phase.GAN else {}
        return scalars | self.teach_generator(batches, sr, share, phase)

    def try_out(self) -> None:
        """Run noise through every network and term of the run, and restore the networks.

        Raises:
            UsageError: the options do not fit each other, the patches, or this machine's compiler.
            TrainingError: another process is gone.
        """
        networks = [network for network in (self.state.generator, self.state.discriminator) if network is not None]
        before = [{name: value.clone() for name, value in network.named_buffers()} for network in networks]
        try:
            with self.processes.explaining():
                for factor in self.state.generator.factors:
                    self.state.generator.at(factor).train()
                    lr, hr = self.noise(factor)
                    self.terms(self.enlarge(lr), hr, Phase.ONLY if self.state.discriminator is None else Phase.GAN)
        except (RuntimeError, ValueError) as error:
            raise UsageError(f"the options do not fit each other or this machine: {first_line(error)}") from error
        finally:
            for network, buffers in zip(networks, before, strict=True):
                for name, value in network.named_buffers():
                    value.copy_(buffers[name])

    def noise(self, factor: int) -> Pair:
        """Return a pair of the run's size, filled with noise."""
        data, draws = self.config.data, torch.Generator().manual_seed(0)
        sides = (data.lr_patch, data.lr_patch * factor)
        lr, hr = (torch.rand(data.batch, self.config.colours, side, side, generator=draws) for side in sides)
        return lr.to(self.processes.device), hr.to(self.processes.device)

    def teach_generator(
        self, batches: Sequence[Pair], shared_sr: Tensor | None, share: float, phase: Phase
    ) -> dict[str, float]:
        """Accumulate gradients over all batches, then update unless the loss is a spike."""
        state, sums, value = self.state, dict[str, float](), 0.0
        state.generator.zero_grad(set_to_none=True)
        for lr, hr in batches:
            sr = self.enlarge(lr) if shared_sr is None else shared_sr
            terms = self.terms(sr, hr, phase)
            loss = torch.stack([term.float() for term in terms.values()]).sum() / len(batches)
            for name, term in terms.items():
                sums[name] = sums.get(name, 0.0) + float(term.detach()) / len(batches)
            value += self.processes.mean(float(loss.detach()))
            if not math.isfinite(value):
                raise TrainingError(
                    f"the loss is not a number at step {state.step}: lower {self.rates()} and start a new "
                    f"--out with --set init= and this run's {CHECKPOINT}"
                )
            loss.backward()  # type: ignore[no-untyped-call]
        spike = state.spikes[state.generator.factor].is_spike(value)
        taken = not spike and self.update(state.optimisers.values(), state.generator, share)
        if taken:
            state.ema.update_parameters(state.generator)
        self.skips.add("generator", taken=taken)
        sums = {name: self.processes.mean(term) for name, term in sums.items()}
        rate = share * self.config.schedule.learning_rate
        return sums | {"loss": value, "learning_rate": rate, "skipped": self.skips.total}

    def teach_critic(self, batches: Sequence[Pair], shared_sr: Tensor | None, share: float) -> float:
        """Update the discriminator once; return its loss."""
        critic, network, optimiser = self.critic, self.state.discriminator, self.state.critic_optimiser
        assert critic is not None
        assert network is not None
        assert optimiser is not None
        critic.train()
        network.zero_grad(set_to_none=True)
        labels, total = self.labels(batches), 0.0
        for (lr, hr), wanted in zip(batches, labels, strict=True):
            with torch.no_grad() if shared_sr is None else nullcontext():
                sr = self.enlarge(lr) if shared_sr is None else shared_sr.detach()
            with self.autocast():
                real, fake = critic(hr).float(), critic(sr).float()
            loss = self.adversarial.discriminator(real, fake, *wanted) / len(batches)
            total += float(loss.detach())
            loss.backward()  # type: ignore[no-untyped-call]
        self.skips.add("discriminator", taken=self.update([optimiser], network, share))
        return self.processes.mean(total)

    def labels(self, batches: Sequence[Pair]) -> list[tuple[Tensor, Tensor]]:
        """Return the targets of the critic for each batch's HR and SR, whatever number of processes shares the step.

        They are drawn by seed and step, so that resuming is exact.
        """
        samples = sum(len(hr) for _, hr in batches)
        drawn = torch.Generator().manual_seed(hash((self.config.seed, self.state.step)) % 2**63)
        sides = []
        for ends in (self.config.loss.real_labels, self.config.loss.fake_labels):
            every = torch.empty(samples * self.processes.size, 1).uniform_(*ends, generator=drawn)
            own = every[samples * self.processes.rank :][:samples].to(self.processes.device)
            sides.append(torch.split(own, [len(hr) for _, hr in batches]))
        return list(zip(*sides, strict=True))

    def enlarge(self, lr: Tensor) -> Tensor:
        """Return the SR of a batch, in float32."""
        with self.autocast():
            sr: Tensor = self.generator(lr)
        return sr.float()

    def terms(self, sr: Tensor, hr: Tensor, phase: Phase) -> dict[str, Tensor]:
        """Return the weighted terms of the generator's loss by name."""
        with self.autocast():
            terms: dict[str, Tensor] = self.content(sr, hr, phase)
            if phase is Phase.GAN:
                critic = self.state.discriminator  # not the shared one: these gradients are not the critic's
                assert critic is not None
                fooled = self.adversarial.generator(critic(sr).float())
                terms["adversarial"] = self.config.loss.adversarial_weight * fooled
        return terms

    def update(self, optimisers: Iterable[ScheduledOptimiser], network: nn.Module, share: float) -> bool:
        """Clip the gradient and update at this share of the peak rates; return False and skip if it is not finite."""
        norm = nn.utils.clip_grad_norm_(network.parameters(), self.config.schedule.clip)
        finite = bool(torch.isfinite(norm))
        if finite:  # otherwise the weights would be lost, and the next checkpoint with them
            for optimiser in optimisers:
                optimiser.step(share)
        return finite

    def rates(self) -> str:
        """Return the options that set how fast the generator learns."""
        return "schedule.learning_rate" + " and muon_learning_rate" * ("muon" in self.state.optimisers)

    def phase(self) -> Phase:
        """Return the phase of the next step."""
        start = self.config.schedule.gan_start
        if start is None:
            return Phase.ONLY
        return Phase.GAN if self.state.step >= start else Phase.PIXEL

    def autocast(self) -> torch.autocast:
        """Return a context of mixed precision if it is configured and fast on the device."""
        device = self.processes.device
        return torch.autocast(device.type, torch.bfloat16, enabled=self.config.schedule.bf16 and has_bf16(device))
