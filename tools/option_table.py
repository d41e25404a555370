"""Write docs/training-options.md: every option of docsr train with its default. A test holds the page to them."""

from __future__ import annotations

from pathlib import Path

from docsr.cli.options import arguments_of, options_of
from docsr.train_config import TrainConfig

PAGE = Path(__file__).resolve().parents[1] / "docs" / "training-options.md"
HEAD = """# Options of docsr train

This page lists every key of `docsr train` with its default. Keys stand in a YAML file (`--config`), or on the command
line as `--set key=value`. Times are steps: updates of the generator. `make tables` makes this page;
[Training recipes](recipes.md) says what a run does and which recipes there are.

| key | default | meaning |
|---|---|---|
"""

NETWORKS = """
## Arguments of the networks

In a YAML file `generator: {name: srgan, args: {channels: 64}}`, or `--set generator.args.channels=64`.

| network | argument | default | meaning |
|---|---|---|---|
"""
LOGGED = """
## What a run logs

Every `output.log_every` steps, means over the steps since the last log: the terms of the loss, each with its weight
(`pixel`, `perceptual`, ...), their sum (`loss`), the discriminator's own loss, `seconds` a step, and `waiting`, the
share of them spent waiting for patches. Of the last step: `learning_rate`, which is Adam's, and `skipped`, the updates
left out so far because their loss was a spike or their gradient no number. On a GPU `memory`, the most in use so far,
in MiB.

At a validation, each with bicubic's beside it: `mse` of images in [0, 1], `psnr` in dB and `ssim`, means over the
patches (so one bad patch moves `mse` much and `psnr` little), and `cer`, in percent, of the validation pages.
`curves.png` shows loss, PSNR and CER.
"""

if __name__ == "__main__":
    rows = (f"| `{name}` | {default} | {text} |\n" for name, default, text in options_of(TrainConfig))
    arguments = (f"| {name} | `{one}` | {default} | {text} |\n" for name, one, default, text in arguments_of())
    PAGE.write_text(HEAD + "".join(rows) + NETWORKS + "".join(arguments) + LOGGED, encoding="utf-8")
