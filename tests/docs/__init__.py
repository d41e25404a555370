"""The Markdown files of the repository, their links, and the blocks of commands in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

FOLDERS = ("benchmarks", "configs", "data", "docs", "docsr")
MARKDOWN = sorted(
    [
        *ROOT.glob("*.md"),
        *(path for name in FOLDERS for path in (ROOT / name).rglob("*.md") if path.name != "report.md"),
    ]
)
"""All but the benchmark's reports, which are long and link to nothing."""

EXECUTED = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
"""Documents whose blocks of commands are executed by `make docs-test`, but for PIPELINES."""

PIPELINES = DOCS / "pipelines.md"
"""Its blocks need engines that the development environment lacks: `make pipelines` executes them."""

RUN = {"sh", "python"}
LANGUAGES = RUN | {"text", "layers", "ini", "dockerfile"}
"""What a fenced block may be: `layers` is compared with pyproject.toml by another test, the others are only shown."""

COMMENT = re.compile(r"(?:^|\s+)# .*$")
ATTRIBUTE = re.compile(r'\b(href|src|srcset)="([^"]*)"')
CONTINUED = re.compile(r"\\\n\s*")


@dataclass(frozen=True)
class Block:
    """A fenced block: its document, the line it begins at, its language, and what is in it."""

    path: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{name_of(self.path)}:{self.line}"

    def lines(self) -> list[str]:
        """Its commands: lines without comments, joined where they go on."""
        joined = CONTINUED.sub(" ", self.text)
        return [line for one in joined.splitlines() if (line := COMMENT.sub("", one)).strip()]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tokens(path: Path) -> list[Token]:
    """The file as markdown-it reads it, as GitHub would."""
    return MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8"))


def blocks(path: Path) -> list[Block]:
    return [
        Block(path, (token.map or [0])[0] + 1, token.info.strip(), token.content)
        for token in tokens(path)
        if token.type == "fence"
    ]


def links(path: Path) -> Iterator[tuple[str, bool]]:
    """(target, whether it is a picture) of each link, those of <picture> among them."""
    for token in tokens(path):
        for child in [token, *(token.children or [])]:
            if child.type in {"link_open", "image"}:
                yield str(child.attrs.get("href") or child.attrs.get("src")), child.type == "image"
            elif child.type in {"html_block", "html_inline"}:
                yield from ((target, name != "href") for name, target in ATTRIBUTE.findall(child.content))


def anchors(path: Path) -> set[str]:
    """What a link into the file may name: its headings, as GitHub and the site write them."""
    seen: Counter[str] = Counter()
    found = set()
    opened = iter(tokens(path))
    for token in opened:
        if token.type == "heading_open":
            words = "".join(
                child.content for child in next(opened).children or [] if child.type in {"text", "code_inline"}
            )
            slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return found
