"""Parse JSON and YAML from outside, and refuse deep nesting and multiplying aliases like invalid text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yaml import Node

MOST_BYTES = 1_000_000
"""The most bytes of a YAML file. Files written by people are far smaller."""

MOST_NODES = 100_000
"""The most values of a YAML text with all aliases expanded."""

_TOO_DEEP = "it is nested too deeply"


def read_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: the text is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error


def read_yaml(text: str) -> Any:
    """Return the value of a YAML text, which may hold only plain values.

    Raises:
        ValueError: the text is not YAML, holds an impossible date, is too long or nested too deeply, or its aliases
            make it too long. The message is a clause with the reason, and the line and column if known.
    """
    import yaml

    if len(text) > MOST_BYTES:
        raise ValueError(f"it is longer than {MOST_BYTES:,} characters")
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
    """Return how many values a node has with all aliases expanded. ``known`` holds those of nodes by id."""
    key = id(node)
    if key in known:
        if not known[key]:
            raise ValueError("one of its aliases refers to itself")
        return known[key]
    known[key] = 0  # marks a node that is being counted
    children = [part for child in node.value for part in (child if isinstance(child, tuple) else (child,))]
    whole = 1 if isinstance(node.value, str) else 1 + sum(_nodes(child, known) for child in children)
    known[key] = whole
    return whole


def _problem(error: Exception) -> str:
    """Return what is wrong and where, without the excerpt that YAML prints below it."""
    mark = getattr(error, "problem_mark", None)
    where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or error
    return f"{' '.join(str(said).split())}{where}"
