"""Load the templates of docsr's HTML pages; ``base.css`` and ``divider.js`` are shared by several of them."""

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
        what: names the page in an error.
        extra: the extra of docsr that installs what it needs.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    try:
        from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtraError(what, extra) from error
    loader = ChoiceLoader([PackageLoader(package, ".") for package in _PACKAGES])
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, finalize=_as_shown)
    return environment.get_template(name)


def _as_shown(value: Any) -> Any:
    """Return a value as a template shows it; HTML that is marked as such stays as it is."""
    return visible(value) if type(value) is str else value
