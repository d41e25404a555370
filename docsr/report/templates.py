"""The templates of the pages that docsr writes; what several of them share is in ``base.css`` and ``divider.js``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docsr.errors import MissingExtraError

if TYPE_CHECKING:
    from jinja2 import Template


def template(name: str, what: str, extra: str) -> Template:
    """Load a template.

    Args:
        name: its file in docsr/report.
        what: the page, for a person.
        extra: the extra of docsr that brings what it needs.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtraError(what, extra) from error
    loader = PackageLoader("docsr.report", ".")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template(name)
