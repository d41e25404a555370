"""Register the OCR engines by name. To add one, write a :class:`docsr.ocr.base.Engine` and add a line here.

An engine is asked for by a spec: its name, and options after a colon (``tesseract:psm=6,thresholding_method=2``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from docsr.errors import UsageError
from docsr.ocr import rapid, tesseract
from docsr.ocr.base import Engine
from docsr.ocr.null import NullEngine
from docsr.registry import Registry, suggestion


@dataclass(frozen=True, slots=True)
class EngineKind:
    """An engine that can be asked for.

    Attributes:
        make: makes it, with options as keyword arguments.
        choices: option -> the values that it may have.
    """

    make: Callable[..., Engine]
    choices: Mapping[str, Sequence[int]] = field(default_factory=dict)


ENGINES: Registry[EngineKind] = Registry(
    "engine",
    {
        "tesseract": EngineKind(tesseract.Tesseract, tesseract.CHOICES),
        "rapidocr": EngineKind(rapid.RapidOcr, rapid.CHOICES),
        "null": EngineKind(NullEngine),
    },
)

_NUMBER = re.compile("[0-9]{1,9}")


def name_of(spec: str) -> str:
    """Return the engine's name without options."""
    return spec.partition(":")[0]


def is_asked(spec: str, asked: Sequence[str]) -> bool:
    """Return whether ``asked`` has the spec itself, or the engine's name alone, which means it with any options."""
    return spec in asked or name_of(spec) in asked


def spec_of(asked: str) -> str:
    """Return the spec with its options in the order of the registry, so that equal ones are one text.

    Raises:
        UsageError: an unknown engine or option, or a value that the option cannot have.
    """
    name, options = _parsed(asked)
    told = ",".join(f"{option}={options[option]}" for option in ENGINES[name].choices if option in options)
    return f"{name}:{told}" if told else name


def engine_of(spec: str) -> Engine:
    """Return the engine that a spec asks for. UsageError as in :func:`spec_of`."""
    name, options = _parsed(spec)
    return ENGINES[name].make(**options)


def _parsed(spec: str) -> tuple[str, dict[str, int]]:
    name, colon, told = spec.partition(":")
    choices, options = ENGINES.find(name).choices, dict[str, int]()
    for part in told.split(",") if colon else ():
        option, _, value = part.partition("=")
        if option not in choices:
            hint = suggestion(option, list(choices)) if choices else ": it has none"
            raise UsageError(f"unknown option '{option}' of the engine {name}{hint}")
        if option in options:
            raise UsageError(f"the engine '{spec}' has the option {option} twice")
        if not _NUMBER.fullmatch(value) or int(value) not in choices[option]:
            raise UsageError(f"the option {option} of the engine {name} cannot be '{value}': {_told(choices[option])}")
        options[option] = int(value)
    return name, options


def _told(values: Sequence[int]) -> str:
    if isinstance(values, range):
        return f"it is a whole number from {values[0]} to {values[-1]}"
    return f"it is one of {', '.join(map(str, values))}"
