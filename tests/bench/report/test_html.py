"""The report in a real browser: sliders, tables and both widths, with the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page

from docsr.bench.arms import plan_arms
from docsr.bench.page_changes import worst_changes
from docsr.bench.report.html import write_html
from docsr.bench.small_digits import SmallDigits
from docsr.bench.suite import load_suite
from docsr.bench.suite_file import LowerConfig
from docsr.benchmark import results_of, run_benchmark
from tests.bench.pages import WidthEngine, folder_suite
from tests.viewer.browsing import WAYS, opened


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report of two pages at two resolutions, with markup in a text."""
    folder = folder_suite(tmp_path_factory.mktemp("in"))
    text = (folder / "page0.txt").read_text()
    (folder / "page0.txt").write_text("<script>alert(1)</script> & " + text)
    suite = load_suite(folder, None, LowerConfig(dpi=(100, 75), degradation=("scan",)))
    arms, _ = plan_arms(["none", "lanczos"], None)
    out = tmp_path_factory.mktemp("out")
    found = run_benchmark(suite, arms, {"width": WidthEngine()}, out)
    engines, missing = {"width": "width 1"}, {"peer_x2": "its weights are <missing>"}
    measured = results_of(found, suite, arms, engines, missing, "docsr benchmark")
    digits = [SmallDigits("s", 75, "scan", "width", "none", "lanczos_x2", "bicubic_x2", 2, 1000, 7, 9)]
    results = replace(measured, digits=digits)
    write_html(out / "report.html", results, *worst_changes(results, found.texts, suite, arms, None))
    return out / "report.html"


@pytest.fixture(params=WAYS, ids=str)
def page(request, browser, report) -> Iterator[Page]:
    with opened(browser, report, *request.param) as page:
        yield page


def test_every_slider_moves_by_keyboard(page):
    sections = page.locator("section")
    assert sections.count() == 4
    for number in range(4):
        section = sections.nth(number)
        slider, left = section.locator("input[type=range]"), section.locator("img.left")
        assert left.evaluate("image => image.complete && image.naturalWidth > 100")
        slider.focus()
        page.keyboard.press("Home")
        assert left.evaluate("image => image.style.clipPath") == "inset(0px 100% 0px 0px)"
        page.keyboard.press("End")
        assert left.evaluate("image => image.style.clipPath") == "inset(0px 0% 0px 0px)"


def test_hr_can_be_put_on_either_side(page):
    section = page.locator("section").first
    before = section.locator("img.left").get_attribute("src")
    section.locator("select.left").select_option(label="HR")
    after = section.locator("img.left").get_attribute("src")
    assert after != before
    assert after is not None
    assert after.startswith("data:image/jpeg")
    assert section.locator("img.left").get_attribute("alt") == "HR"


def test_tables_sort_by_keyboard(page):
    table = page.locator("#tables ~ .wide table").first

    def errors() -> list[float]:
        return [float(text.split()[0]) for text in table.locator("tbody tr td:nth-child(2)").all_inner_texts()]

    button = table.locator("th:nth-child(2) button")
    button.focus()
    page.keyboard.press("Enter")
    assert errors() == sorted(errors())
    page.keyboard.press("Enter")
    assert errors() == sorted(errors(), reverse=True)
    assert table.locator("th:nth-child(2)").get_attribute("aria-sort") == "descending"


def test_digits_in_small_text_are_told_for_each_arm(page):
    row = page.locator("#digits ~ .wide table").first.locator("tbody tr")
    assert row.locator("td").all_inner_texts() == ["width", "lanczos_x2", "1000", "7", "9"]


def test_the_page_is_as_wide_as_the_window(page):
    wide = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
    assert wide <= 0


def test_texts_are_shown_and_never_run(page):
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".text mark").count() > 0
    assert page.evaluate("document.querySelectorAll('script').length") == 1
    assert "</script>" in "".join(page.locator(".text").all_text_contents())


def test_plots_have_names_and_stay_readable(page):
    plots = page.locator("svg[role=img]")
    assert plots.count() >= 2
    colours = plots.first.locator("text.name").evaluate_all("texts => texts.map(text => getComputedStyle(text).fill)")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert all(colour != background for colour in colours)
