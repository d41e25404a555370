"""Text that is not ours is shown, and acts on nothing: a terminal, Markdown, HTML, JSON."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from docsr.text.shown import in_html, in_json, in_markdown, in_markdown_code, visible

ACTING = "\x00\x07\n\r\t\x1b\x7f\x85\x9b\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff"
ACTING += "\ud800\udcff\U000e0041"
MARKUP = "\\`*_{}[]()#+-.!|<>~&$@:= \"'1"
ANY = st.one_of(
    st.text(st.characters()), st.text(st.sampled_from(ACTING + MARKUP + "ab")), st.text(st.sampled_from(MARKUP + "a"))
)


@given(ANY)
@example("\x1b]52;c;b3duZWQ=\x07")
@example("a\ndocsr: failed: everything")
def test_nothing_acts_on_a_terminal(text: str):
    shown = visible(text)
    assert not any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in shown)
    assert not set(shown) & set(ACTING)
    assert shown.encode().decode() == shown
    assert visible(shown) == shown


@pytest.mark.parametrize(
    "text", ["scan 12.png", "Straße", "漢字", "עברית", "हिन्दी", "a\u200db", "C:\\scans\\a.png", "🖨️"]
)
def test_letters_of_every_script_stay(text: str):
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\r\n\tb", "a\\r\\n\\tb"),
        ("\udcff", "\\xff"),
        ("\ud800", "\\ud800"),
        ("\u202e", "\\u202e"),
        ("\x9b", "\\x9b"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_acts_is_told_as_an_escape(text: str, shown: str):
    assert visible(text) == shown


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", "\\xe4\\u6f22.png"), ("latin-1", "ä\\u6f22.png")])
def test_what_an_output_cannot_encode_is_escaped(encoding: str, shown: str):
    assert visible("ä漢.png", encoding) == shown


def read(tokens: list[Token]) -> str:
    """The text of inline Markdown that holds nothing but text."""
    assert {token.type for token in tokens} <= {"text", "text_special", "entity"}
    return "".join(token.content for token in tokens)


@given(ANY)
@example("# <b>x</b>")
@example("1. a")
@example("![x](http://h/p.png)")
@example("a|b")
def test_markdown_shows_the_text_and_no_more(text: str):
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    seen = visible(text).strip()
    table = parser.parse(f"| {in_markdown(text)} | b |\n|---|---|\n| {in_markdown(text)} | d |\n")
    cells = [one for one in table if one.type == "inline"]
    assert [read(one.children or []) for one in cells] == [seen, "b", seen, "d"]
    if seen:
        for frame in ("{}", "## {}", "- {}"):
            kinds = [one.type for one in parser.parse(frame.format("a"))]
            tokens = parser.parse(frame.format(in_markdown(text)))
            assert [one.type for one in tokens] == kinds
            assert [read(one.children or []) for one in tokens if one.type == "inline"] == [seen]


@given(st.text(st.sampled_from("`ab |\n\x1b"), min_size=1))
def test_code_in_markdown_shows_the_text(text: str):
    (paragraph,) = [one for one in MarkdownIt("commonmark").parse(f"x {in_markdown_code(text)} y") if one.children]
    first, code, last = paragraph.children or []
    assert (first.content, code.type, code.content, last.content) == ("x ", "code_inline", visible(text), " y")


class Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, object]] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.found.append(("", data))


@given(ANY.filter(bool))
@example("<script>alert(1)</script>")
@example('" onmouseover="alert(1)')
def test_html_shows_the_text(text: str):
    parser = Texts()
    parser.feed(f'<p title="{in_html(text)}">{in_html(text)}</p>')
    parser.close()
    assert parser.found[0] == ("p", [("title", visible(text))])
    assert "".join(str(data) for tag, data in parser.found[1:] if not tag) == visible(text)
    assert html.unescape(in_html(text)) == visible(text)


@given(st.dictionaries(st.text(st.characters()), ANY))
@pytest.mark.parametrize("indent", [None, 1])
def test_json_says_the_same_and_can_be_encoded(indent: int | None, value: dict[str, str]):
    written = in_json(json.dumps(value, ensure_ascii=False, indent=indent))
    assert json.loads(written.encode()) == json.loads(json.dumps(value))
    assert not re.search("[\u0080-\u009f\u2028\u2029\u202e\ud800-\udfff]", written)
