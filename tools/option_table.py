"""Write docs/training-options.md: every option of docsr train with its default. A test holds the page to them."""

from __future__ import annotations

from pathlib import Path

from docsr.cli.options import options_of
from docsr.config import TrainConfig

PAGE = Path(__file__).resolve().parents[1] / "docs" / "training-options.md"
HEAD = """# Options of docsr train

In a YAML file (`--config`), or as `--set key=value`. Times are steps: updates of the generator. Made by `make tables`.

| key | default | meaning |
|---|---|---|
"""

if __name__ == "__main__":
    rows = (f"| `{name}` | {default} | {text} |\n" for name, default, text in options_of(TrainConfig))
    PAGE.write_text(HEAD + "".join(rows), encoding="utf-8")
