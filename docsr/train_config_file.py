"""Read options of a training run from a YAML file and ``--set``, and check them before the first step.

An unknown key is an error that suggests the right one.
"""

from __future__ import annotations

import re
from pathlib import Path
from reprlib import repr as shortened
from typing import Any

from pydantic import BaseModel, ValidationError

from docsr.errors import UsageError, reason_of
from docsr.registry import suggestion
from docsr.text.parsing import MOST_BYTES, read_yaml
from docsr.train_config import TrainConfig


def load_config(path: Path | None, overrides: dict[str, Any]) -> TrainConfig:
    """Read a YAML file (None: the defaults), apply ``overrides`` (dotted keys) and check the result.

    Raises:
        UsageError: unreadable YAML, an unknown key (with a suggestion) or a value out of range.
    """
    values: dict[str, Any] = {}
    if path is not None:
        values = read_yaml_file(path, "the configuration") or {}
        if not isinstance(values, dict):
            raise UsageError(f"the configuration {path} is not a list of 'key: value' lines")
    for key, value in overrides.items():
        _set(values, key, value)
    return check_config(values)


def check_config(values: dict[str, Any]) -> TrainConfig:
    """Check plain values (from YAML or a checkpoint) and return a TrainConfig, or raise a UsageError."""
    try:
        return TrainConfig.model_validate(values)
    except ValidationError as error:
        raise UsageError(_explain(error)) from error


def read_yaml_file(path: Path, what: str) -> Any:
    """Return the plain values of a YAML file; ``what`` names it in messages. UsageError if it is not valid."""
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1).decode("utf-8")
        return read_yaml(text)
    except OSError as error:
        raise UsageError(f"cannot read {what} {path}: {reason_of(error)}") from error
    except ValueError as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise UsageError(f"{what} {path} is not valid YAML: {reason}") from error


def parse_override(text: str) -> tuple[str, Any]:
    """Split ``key=value`` of ``--set``; read the value as YAML."""
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise UsageError(f"--set needs key=value, not '{text}'")
    try:
        return key, read_yaml(value)
    except ValueError as error:
        raise UsageError(f"the value of --set {text} is not valid YAML: close its brackets, or quote it") from error


def _set(values: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    for name in parents:
        if values.get(name) is None:  # absent, or a group left empty in the file
            values[name] = {}
        values = values[name]
        if not isinstance(values, dict):
            raise UsageError(f"'{dotted}' does not name an option: '{name}' is a value, not a group")
    values[last] = value


def _explain(error: ValidationError) -> str:
    """Return the first problem of a validation as one sentence."""
    problem = error.errors()[0]
    location, kind = problem["loc"], problem["type"]
    place = ".".join(str(part) for part in location)
    if kind == "extra_forbidden":
        return f"unknown option '{place}'{suggestion(str(location[-1]), _names_at(location[:-1]))}"
    if kind in {"model_type", "model_attributes_type"}:
        return f"option '{place}' is a group, not a value: set one of {', '.join(_names_at(location))}"
    if kind == "value_error":
        message = problem["msg"].removeprefix("Value error, ")
        return f"option '{place}': {message}" if place else f"configuration: {message}"
    if kind in {"tuple_type", "too_long", "missing"} or (location[1:] and type(location[-1]) is int):
        names = [part for part in location if isinstance(part, str)]
        return f"option '{'.'.join(names)}' must be a range of two numbers, [low, high]"
    message = _WANTED.get(kind) or re.sub(r", (unable|got) .*", "", problem["msg"]).replace(
        "Input should be", "must be"
    )
    return f"option '{place}' {message}, not {shortened(problem['input'])}"


_WANTED = {"path_type": "must be a path", "invalid_key": "must have a name"}
"""Messages in place of pydantic's own, which are hard to read, by the type of the problem."""


def _names_at(location: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = TrainConfig
    for name in location:
        annotation = model.model_fields[str(name)].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            break
        model = annotation
    return list(model.model_fields)
