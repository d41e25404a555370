"""Write docs/training-options.md: every option of docsr train with its default. A test holds the page to them."""

from __future__ import annotations

from pathlib import Path

from docsr.cli.options import arguments_of, options_of
from docsr.config import TrainConfig

PAGE = Path(__file__).resolve().parents[1] / "docs" / "training-options.md"
HEAD = """# Options of docsr train

In a YAML file (`--config`), or as `--set key=value`. Times are steps: updates of the generator. Made by `make tables`.

| key | default | meaning |
|---|---|---|
"""

NETWORKS = """
## Arguments of the networks

In a YAML file `generator: {name: srgan, args: {channels: 64}}`, or `--set generator.args.channels=64`.

| network | argument | default | meaning |
|---|---|---|---|
"""

if __name__ == "__main__":
    rows = (f"| `{name}` | {default} | {text} |\n" for name, default, text in options_of(TrainConfig))
    arguments = (f"| {name} | `{one}` | {default} | {text} |\n" for name, one, default, text in arguments_of())
    PAGE.write_text(HEAD + "".join(rows) + NETWORKS + "".join(arguments), encoding="utf-8")
