"""The site that `make docs` built, as a reader gets it: whole, complete, and without asking anyone else."""

from __future__ import annotations

import html
import json
import re
import shutil
import tomllib
from functools import cache

import pytest
from playwright.sync_api import sync_playwright

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
    text = (SITE / "search" / "search_index.json").read_text(encoding="utf-8")
    found = {entry["location"].partition("#")[0] for entry in json.loads(text)["docs"]}
    assert {"index.html", "tutorial.html", "commands.html", "results.html"} <= found
    assert (SITE / "search" / "search_index.js").read_text(encoding="utf-8") == f"var __index = {text}"


def test_the_site_can_be_searched_from_a_disk():
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.goto((SITE / "index.html").as_uri())
        tab.locator("input.md-search__input").click()
        tab.keyboard.type("exit codes")
        tab.locator(".md-search-result__item").first.wait_for(state="attached")
        assert "Batches and exit codes" in tab.locator(".md-search-result__list").inner_text()
        browser.close()


def test_a_page_leads_on_and_tells_the_version():
    page = (SITE / "tutorial.html").read_text(encoding="utf-8")
    assert 'aria-label="Previous: docsr"' in page
    assert 'aria-label="Next: Enlarge before OCR in a pipeline"' in page
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"docsr {project['version']}, {project['license']} licence" in page
    assert ('class="md-source"' in page) == ("Repository" in project.get("urls", {}))


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_page_is_wider_than_the_window_or_shows_pictures_of_the_other_colours(width, colours):
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": width, "height": 900})
        tab.emulate_media(color_scheme=colours)
        for path in sorted(SITE.glob("*.html")):
            tab.goto(path.as_uri())
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, path.name
            shown = tab.locator("img[src*='#only-']:visible").evaluate_all("all => all.map(one => one.src)")
            assert [one for one in shown if not one.endswith(f"#only-{colours}")] == [], path.name
        tab.goto((SITE / "index.html").as_uri())
        assert tab.locator(f"img[src$='#only-{colours}']:visible").count() == 1
        browser.close()


def test_nothing_is_fetched_from_elsewhere():
    pages = sorted(SITE.rglob("*.html"))
    assert pages
    assert {path.name: found for path in pages if (found := FETCHED.findall(path.read_text(encoding="utf-8")))} == {}
