"""The site that `make docs` built, as a reader gets it: whole, complete, and without asking anyone else."""

from __future__ import annotations

import html
import json
import re
from functools import cache

import pytest

import docsr
from docsr.cli import cli
from docsr.weights import catalogue
from tests.docs import DOCS, ROOT

pytestmark = pytest.mark.docs
SITE = ROOT / "build" / "site"
FETCHED = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=["']?(?:https?:)?//""")


@cache
def shown(name: str) -> str:
    """The words of a page."""
    path = SITE / f"{name}.html"
    assert path.is_file(), f"{path} is missing: run make docs"
    text = path.read_text(encoding="utf-8")
    return html.unescape(re.sub("<[^>]+>", "", text[text.index("<article") : text.index("</article>")]))


@pytest.mark.parametrize("command", cli.commands)
def test_the_reference_has_every_option(command):
    parts = re.split(rf"^docsr ({'|'.join(cli.commands)})\W*$", shown("commands"), flags=re.MULTILINE)
    section = parts[parts.index(command) + 1]
    for parameter in cli.commands[command].params:
        assert parameter.human_readable_name.upper() in section.upper() or parameter.opts[0] in section
        for option in (*parameter.opts, *parameter.secondary_opts):
            assert not option.startswith("-") or option in section


def test_the_reference_has_the_public_names():
    for name in docsr.__all__:
        assert name.startswith("__") or f"docsr.{name}" in shown("python")
    assert "arguments, result and errors as in Enhancer" in " ".join(shown("python").split())


def test_every_page_and_every_network_is_there():
    for path in DOCS.rglob("*.md"):
        assert shown(path.relative_to(DOCS).with_suffix("").as_posix())
    for name in ("index", "architecture", "changelog", "contributing", "security"):
        assert shown(name)
    for name, card in catalogue().items():
        assert f"{card.parameters:,} parameters" in shown(f"networks/{name}")
        assert name in shown("zoo")


def test_a_search_finds_pages():
    index = json.loads((SITE / "search" / "search_index.json").read_text(encoding="utf-8"))
    assert {"index.html", "tutorial.html", "commands.html"} <= {
        entry["location"].partition("#")[0] for entry in index["docs"]
    }


def test_nothing_is_fetched_from_elsewhere():
    pages = sorted(SITE.rglob("*.html"))
    assert pages
    assert {path.name: found for path in pages if (found := FETCHED.findall(path.read_text(encoding="utf-8")))} == {}
