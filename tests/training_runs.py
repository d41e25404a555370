"""A tiny run for tests of training, and who hears how it goes."""

from __future__ import annotations

import os
import signal
from typing import Any

from docsr.train_config import TrainConfig
from docsr.train_config_file import check_config

TINY: dict[str, Any] = {
    "generator": {"name": "compact", "args": {"channels": 8, "blocks": 1}},
    "discriminator": {"name": "srgan", "args": {"channels": 4}},
    "data": {"lr_patch": 8, "batch": 2, "workers": 0},
    "schedule": {"steps": 6, "warmup": 2, "bf16": False},
    "output": {
        "log_every": 1,
        "checkpoint_every": 3,
        "validate_every": 100,
        "validation_patches": 2,
        "validation_pages": 0,
    },
}


class Heard:
    """An observer that keeps what it hears, and may act at a step."""

    def __init__(self, at=None, act=None):
        self.steps, self.validations, self.warnings, self.at, self.act = {}, {}, [], at, act
        self.validating = []

    def on_step(self, step, scalars):
        self.steps[step] = scalars
        if step == self.at and self.act is not None:
            self.act()

    def on_validation(self, step, scores):
        self.validations[step] = scores

    def on_validating(self, done, total):
        self.validating.append((done, total))

    def on_warning(self, sentence):
        self.warnings.append(sentence)


def config(**schedule) -> TrainConfig:
    return check_config({**TINY, "schedule": {**TINY["schedule"], **schedule}})


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)
