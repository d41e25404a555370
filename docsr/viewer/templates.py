"""The templates of the pages that docsr writes; what several of them share is in ``base.css`` and ``divider.js``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docsr.errors import MissingExtraError
from docsr.text.shown import visible

if TYPE_CHECKING:
    from jinja2 import Template

_PACKAGES = ("docsr.viewer", "docsr.bench.report")


def template(name: str, what: str, extra: str) -> Template:
    """Load a template.

    Args:
        name: its file in one of the packages.
        what: the page, for a person.
        extra: the extra of docsr that brings what it needs.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    try:
        from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtraError(what, extra) from error
    loader = ChoiceLoader([PackageLoader(package, ".") for package in _PACKAGES])
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, finalize=_seen)
    return environment.get_template(name)


def _seen(value: Any) -> Any:
    """What a template shows of a value; HTML that is marked as such stays as it is."""
    return visible(value) if type(value) is str else value
