"""The shipped networks: each is an .onnx file with a model card, a .json file of the same name."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from docsr.choices import MEASURED_ENGINES
from docsr.errors import CheckpointError
from docsr.languages import LATIN

_FOLDER = Path(__file__).parent


RENAMED = {"small_x2": "small_text_x2", "small_x4": "small_text_x4"}
"""Old name of a network -> its name. docsr 0.2 will not know the old ones."""


def current_name(model: str, warn: Callable[[str], None]) -> str:
    """Return ``model`` with an old name of a network replaced; ``warn`` is called with a sentence about it."""
    name = RENAMED.get(model, model)
    if name != model:
        warn(f"{model} is now called {name}, and docsr 0.2 will not know the old name")
    return name


@dataclass(frozen=True)
class ModelCard:
    """The model card of one shipped network.

    Attributes:
        name: such as ``compact_x2``; also the stem of both file names.
        path: the .onnx file.
        factor: the enlargement: 2, 4 or 8.
        parameters: number of weights.
        bytes: size of the .onnx file.
        training_data: what it was trained on, as text.
        training_command: the command that trained it.
        x_height: (smallest, largest) x-height of the text it was trained on, in input px, or None.
        x_height_helps: for each OCR engine, the (smallest, largest) x-height in px for which it was measured to help,
            or None. It helps if text reads better than with bicubic enlargement in some degradation, and in none worse
            by more than one letter a page.
        dense: whether it works at every pixel of the page (docsr.models.compact), which takes several times as long;
            such a network is for small text.
        fax: whether it is for standard faxes (204 x 98 dpi, pixels twice as high as wide), and only for those.
        scripts: for each OCR engine, the scripts (ISO 15924) for which it was measured to help.
        results: measured results, one dict each.
    """

    name: str
    path: Path
    factor: int
    parameters: int
    bytes: int
    training_data: str
    training_command: str
    x_height: tuple[float, float] | None
    x_height_helps: Mapping[str, tuple[float, float] | None]
    dense: bool = False
    fax: bool = False
    scripts: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict.fromkeys(MEASURED_ENGINES, (LATIN,)))
    results: list[dict[str, Any]] = field(default_factory=list)

    def helps(self, x_height: float | None, engine: str) -> bool:
        """Return whether the network was measured to help ``engine`` on text of ``x_height`` px."""
        span = self.x_height_helps.get(engine)
        return x_height is not None and span is not None and span[0] <= x_height <= span[1]

    def helps_with(self, scripts: Collection[str], engine: str) -> bool:
        """Return whether the network was measured to help ``engine`` on text of all these scripts (ISO 15924)."""
        return set(scripts) <= set(self.scripts.get(engine, ()))


@cache
def catalogue(folder: Path = _FOLDER) -> Mapping[str, ModelCard]:
    """Return the cards of the networks in ``folder``, by name. They are read once per process.

    Raises:
        CheckpointError: a card is damaged or its network does not exist.
    """
    return MappingProxyType({card.name: card for card in map(_read_card, sorted(folder.glob("*.json")))})


def is_shipped(path: Path) -> bool:
    """Return whether a network file is one of the package's own, which is trusted like its code."""
    return path.resolve().parent == _FOLDER.resolve()


def _read_card(path: Path) -> ModelCard:
    network = path.with_suffix(".onnx")
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        return ModelCard(
            name=str(card["name"]),
            path=network,
            factor=int(card["factor"]),
            parameters=int(card["parameters"]),
            bytes=network.stat().st_size,
            training_data=str(card["training_data"]),
            training_command=str(card["training_command"]),
            x_height=_span(card["x_height"]),
            x_height_helps={engine: _span(span) for engine, span in card["x_height_helps"].items()},
            dense=bool(card["dense"]),
            fax=bool(card["fax"]),
            scripts={str(engine): tuple(map(str, known)) for engine, known in card["scripts"].items()},
            results=list(card["results"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"the model card {path.name} or its network cannot be read: {error!r}") from error


def _span(value: Any) -> tuple[float, float] | None:
    return None if value is None else (float(value[0]), float(value[1]))
