"""Register losses by name, and sum the generator's loss. To add one, write a file here and add a line below."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple

import torch
from torch import Tensor, nn

from docsr.losses import adversarial, pixel, structure
from docsr.losses.perceptual import PerceptualLoss
from docsr.losses.reading import ReadingLoss
from docsr.losses.recogniser import RecogniserLoss
from docsr.models.smoothing import Gaussian
from docsr.registry import Registry
from docsr.train_config import LossConfig

PixelLoss = Callable[[Tensor, Tensor], Tensor]


class Phase(Enum):
    """The phase of a run with ``schedule.gan_start`` (PIXEL, then GAN), or the only one of a run without it."""

    ONLY = auto()
    PIXEL = auto()
    GAN = auto()


class Adversarial(NamedTuple):
    """Both sides of an adversarial loss, on logits."""

    generator: Callable[[Tensor], Tensor]
    discriminator: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


PIXEL: Registry[PixelLoss] = Registry(
    "pixel loss",
    {
        "l1": pixel.l1,
        "charbonnier": pixel.charbonnier,
        "mse": pixel.mse,
    },
)

STRUCTURE: Registry[PixelLoss] = Registry(
    "structure loss",
    {
        "gradient": structure.gradient,
        "edge": structure.edge,
        "frequency": structure.frequency,
    },
)
"""Each loss is weighted by the option of its name, such as loss.gradient_weight."""

ADVERSARIAL: Registry[Adversarial] = Registry(
    "adversarial loss",
    {
        "bce": Adversarial(adversarial.bce_generator, adversarial.bce_discriminator),
        "lsgan": Adversarial(adversarial.lsgan_generator, adversarial.lsgan_discriminator),
    },
)


class ContentLoss(nn.Module):
    """The terms of the generator's loss that compare SR with HR, each with its weight."""

    def __init__(self, config: LossConfig) -> None:
        super().__init__()
        self.config = config
        self.gaussian = Gaussian(config.smooth)
        self.pixel = PIXEL.find(config.pixel)
        weights = {name: float(getattr(config, f"{name}_weight")) for name in STRUCTURE}
        self.structure = {name: (weight, STRUCTURE[name]) for name, weight in weights.items() if weight}
        self.perceptual: PerceptualLoss | None = None
        self.recogniser: RecogniserLoss | None = None
        self.reading: ReadingLoss | None = None
        if config.perceptual_weight:
            self.perceptual = PerceptualLoss(
                config.perceptual_network,
                config.perceptual_weights,
                config.perceptual_layer,
                PIXEL[config.perceptual_distance],
                caffe_bgr=config.perceptual_input == "caffe_bgr",
            )
        if config.recogniser_weight and config.recogniser_weights is not None:
            self.recogniser = RecogniserLoss(
                config.recogniser_weights, config.recogniser_patches, config.recogniser_enlarge
            )
        if config.reading_weight and config.recogniser_weights is not None:
            self.reading = ReadingLoss(config.recogniser_weights, config.recogniser_patches)

    def forward(self, sr: Tensor, hr: Tensor, phase: Phase = Phase.ONLY) -> dict[str, Tensor]:
        """Return the weighted terms by name; the pixel phase has the pixel term alone."""
        with torch.autocast(sr.device.type, enabled=False):
            sr, hr = self.gaussian(sr), self.gaussian(hr)
        terms, weight = {}, self.config.pixel_weight
        if phase is Phase.GAN and self.config.gan_pixel_weight is not None:
            weight = self.config.gan_pixel_weight
        if weight:
            terms["pixel"] = weight * self.pixel(sr, hr)
        if phase is Phase.PIXEL:
            return terms
        terms |= {name: weight * loss(sr, hr) for name, (weight, loss) in self.structure.items()}
        if self.perceptual is not None:
            terms["perceptual"] = self.config.perceptual_weight * self.perceptual(sr, hr)
        if self.recogniser is not None:
            terms["recogniser"] = self.config.recogniser_weight * self.recogniser(sr, hr)
        if self.reading is not None:
            terms["reading"] = self.config.reading_weight * self.reading(sr, hr)
        return terms
