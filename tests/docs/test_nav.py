"""The nav of the site and its pages: every page is named, titles agree, pages open with what they are for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.docs import DOCS, ROOT, tokens
from tools.site_hook import files_of_site, place_of, relinked, themed


class Loader(yaml.SafeLoader):
    """Reads mkdocs.yml, whose names of Python functions are of no concern here."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
SITE = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader)


def named(entries: list[Any]) -> Iterator[tuple[str, str]]:
    """(title, page) of each entry of the nav."""
    for entry in entries:
        for title, value in entry.items() if isinstance(entry, dict) else ():
            yield from named(value) if isinstance(value, list) else [(title, value)]


NAV = {page: title for title, page in named(SITE["nav"])}
FILES = {place_of(path): path for path in DOCS.glob("*.md")} | files_of_site()


@pytest.mark.parametrize("page", NAV)
def test_a_title_is_that_of_the_nav(page: str) -> None:
    headings = [one for one in tokens(FILES[page]) if one.type in {"heading_open", "inline"}]
    assert (headings[0].type, headings[0].tag) == ("heading_open", "h1")
    assert headings[1].content == NAV[page]


@pytest.mark.parametrize("page", sorted(NAV.keys() - {"architecture.md"}))  # which opens with its invariants
def test_a_page_opens_with_words(page: str) -> None:
    """With what it is for, before any heading, table or command."""
    kinds = [one.type for one in tokens(FILES[page]) if one.type.endswith("_open") or one.type == "fence"]
    assert kinds[:2] == ["heading_open", "paragraph_open"]


def test_the_nav_names_every_page() -> None:
    assert {path.name for path in DOCS.glob("*.md")} - NAV.keys() == set()


def test_pictures_in_two_colours_become_two_pictures() -> None:
    for path in (ROOT / "README.md", DOCS / "results.md", DOCS / "how-it-decides.md"):
        text = path.read_text(encoding="utf-8")
        shown = relinked(themed(text), path)
        assert "<picture>" in text
        assert "<picture>" not in shown
        for name in ("light", "dark"):
            assert len(re.findall(rf"{name}\.(?:svg|png)#only-{name}\)", shown)) == text.count("<picture>")
