"""What a report says of names, messages and values that are not docsr's is text, whatever they hold."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from markdown_it import MarkdownIt

from docsr.bench.report.html import write_html
from docsr.bench.report.markdown import markdown, write_markdown
from docsr.bench.results import Results, write_results
from docsr.bench.summary import rank, summarise
from docsr.page import Page
from docsr.text.shown import visible
from docsr.viewer.page import write_viewer
from docsr.viewer.sheet import make_sheet
from tests.bench.test_summary import rows

HOSTILE = [
    "\n# heading\n\n<script>alert(1)</script>",
    "[link](javascript:alert(1)) ![x](http://h/i.png)",
    "| a | b |\n|---|---|",
    "*x* __y__ `z` ~~s~~ <b>b</b>",
    "\x1b[31m\u202e\u2028\udcff",
    "\n\n    code\n```\nfence",
    "</script></pre></title><img src=x onerror=alert(1)>",
]
ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e\ud800-\udfff]")


def results(text: str) -> Results:
    found = [replace(row, set=text, engine=text) for row in rows()]
    cells = [replace(cell, arm=cell.arm) for cell in summarise(found, {})]
    confused = {text: [("`", text, 7), ("|", "\n", 1)]}
    names = {text: text}
    return Results(
        command=text,
        suite=text,
        engines=names,
        arms=names,
        not_run=names,
        failed=[text],
        rows=found,
        summary=cells,
        ranking=rank(cells),
        confusions=confused,
    )


def structure(written: str) -> list[str]:
    """The kinds of Markdown in a report, below text."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(written)
    inline = [child.type for token in tokens for child in token.children or []]
    text = {"text", "text_special", "softbreak"}
    return [token.type for token in tokens] + [kind for kind in inline if kind not in text]


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_has_the_structure_of_a_report_of_plain_names(tmp_path, text):
    assert structure(markdown(results(text))) == structure(markdown(results("plain")))
    write_markdown(tmp_path / "report.md", results(text))
    assert not ACTING.search((tmp_path / "report.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", HOSTILE)
def test_html_has_no_element_more(tmp_path, text):
    tags = []
    for name, one in (("hostile", text), ("plain", "plain")):
        path = tmp_path / f"{name}.html"
        write_html(path, results(one), [], 0)
        written = path.read_text(encoding="utf-8")
        assert not ACTING.search(written)
        tags.append(re.findall(r"<(\w+)", written))
    assert tags[0] == tags[1]
    assert "alert(1)</script>" not in (tmp_path / "hostile.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", HOSTILE)
def test_the_viewer_has_no_element_more(tmp_path, text):
    pages = [Page(np.full((20 * scale, 30 * scale), 255, np.uint8)) for scale in (1, 2)]
    tags = []
    for name, one in (("hostile", text), ("plain", "plain")):
        path = tmp_path / f"{name}.html"
        sheet = make_sheet(one, *pages)
        sheet.notes.append(one)
        write_viewer(path, one, [sheet], lambda one=one: [one])  # type: ignore[misc]
        written = path.read_text(encoding="utf-8")
        assert not ACTING.search(written)
        tags.append(re.findall(r"<(\w+)", written))
    assert tags[0] == tags[1]
    (told,) = re.findall(r'class="sheet">(.*)</script>', (tmp_path / "hostile.html").read_text(encoding="utf-8"))
    assert json.loads(told)["title"] == visible(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_results_say_the_same(tmp_path, text):
    write_results(tmp_path / "results.json", results(text))
    written = (tmp_path / "results.json").read_text(encoding="utf-8")
    assert not ACTING.search(written)
    assert json.loads(written)["suite"] == text
