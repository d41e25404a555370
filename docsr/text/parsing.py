"""JSON and YAML that others wrote: nested deeply, or with aliases that multiply, it is refused as what is no JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yaml import Node

MOST_BYTES = 1_000_000
"""Of a YAML file: those of people are far smaller."""

MOST_NODES = 100_000
"""Of a YAML text whose aliases are written out."""

_TOO_DEEP = "it is nested too deeply"


def read_json(text: str | bytes) -> Any:
    """Return what a JSON text says.

    Raises:
        ValueError: it is none, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error


def read_yaml(text: str) -> Any:
    """Return what a YAML text says, plain values only.

    Raises:
        ValueError: it is none, holds a date that does not exist, is too long or nested too deeply, or its aliases make
            it too long. The message is a reason, with the line and column where they are known.
    """
    import yaml

    if len(text) > MOST_BYTES:
        raise ValueError(f"it is longer than {MOST_BYTES:,} letters")
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            if _nodes(node, {}) > MOST_NODES:
                raise ValueError(f"its aliases make it more than {MOST_NODES:,} values")
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    except yaml.YAMLError as error:
        raise ValueError(_problem(error)) from error


def _nodes(node: Node, known: dict[int, int]) -> int:
    """How many values a node stands for, those of its aliases each time."""
    key = id(node)
    if key in known:
        if not known[key]:
            raise ValueError("an alias of it leads back to itself")
        return known[key]
    known[key] = 0  # until it is counted
    children = [part for child in node.value for part in (child if isinstance(child, tuple) else (child,))]
    whole = 1 if isinstance(node.value, str) else 1 + sum(_nodes(child, known) for child in children)
    known[key] = whole
    return whole


def _problem(error: Exception) -> str:
    """What is wrong, and where, without the excerpt that YAML prints below."""
    mark = getattr(error, "problem_mark", None)
    where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or error
    return f"{' '.join(str(said).split())}{where}"
