"""What mkdocs.yml cannot say: pages of the site that lie outside docs/, and pages that its nav does not name.

README.md is the front page; the other Markdown files beside it and the networks' cards are pages; any other file of the
repository that a page links to is taken along below ``files/``. Links between them are changed accordingly, so that the
same text is right in the repository and in the site. Pictures in two colours follow the colours of the site, which its
reader chooses. The foot of each page tells the version; its head links to the repository, where pyproject.toml has it.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PROJECT = ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
CARDS = ROOT / "docsr" / "weights"
OTHERS = "*"
"""The entry of nav in whose place go the pages that no other entry names."""

COLOURS = "light", "dark"

ROLE = re.compile(r":(?:class|func|meth|data|mod):(?=<code>)")
"""What docstrings put before a name for other tools."""

LINK = re.compile(r"(\]\(|^\[[^\]]+\]: )([^)\s#:]+)(?=[)#\s])", re.MULTILINE)
"""The target, without its anchor, of a link or a picture; none with a scheme."""

THEMED = re.compile(
    r'<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="(?P<dark>[^"]+)">\s*'
    r'<img src="(?P<light>[^"]+)" width="(?P<width>\d+)" alt="(?P<alt>[^"\[\]]+)">\s*</picture>'
)
"""A picture in two colours, as repositories show it."""


def place_of(path: Path) -> str:
    """The name in the site, from its root, of a file of the repository."""
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    if path.parent == CARDS and path.suffix == ".md":
        return f"networks/{path.name}"
    if path.parent == ROOT and path.name in PROJECT:
        return "index.md" if path.name == "README.md" else path.name.lower()
    return f"files/{path.relative_to(ROOT).as_posix()}"


def linked(path: Path) -> list[Path]:
    """The files of the repository that a Markdown file links to."""
    targets = (path.parent / match[2] for match in LINK.finditer(path.read_text(encoding="utf-8")))
    found = (Path(os.path.normpath(target)) for target in targets)
    return [target for target in found if target.is_file() and target.is_relative_to(ROOT)]


def files_of_site() -> dict[str, Path]:
    """Name in the site -> file, of everything outside docs/ that belongs to it."""
    todo = [*(ROOT / name for name in PROJECT), *sorted(CARDS.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
    seen: dict[str, Path] = {}
    while todo:
        path = todo.pop()
        if place_of(path) not in seen:
            seen[place_of(path)] = path
            todo += linked(path) if path.suffix == ".md" else []
    return {place: path for place, path in seen.items() if not path.is_relative_to(DOCS)}


def relinked(text: str, path: Path) -> str:
    """The Markdown of ``path`` with the links that it shall have in the site."""

    def change(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(path.parent / match[2]))
        if not (target.is_file() and target.is_relative_to(ROOT)):
            return match[0]  # mkdocs says what is wrong with it
        return match[1] + Path(os.path.relpath(place_of(target), os.path.dirname(place_of(path)) or ".")).as_posix()

    return LINK.sub(change, text)


def themed(text: str) -> str:
    """Pictures in two colours as Material wants them: two pictures, each with the colours that it is for."""

    def change(match: re.Match[str]) -> str:
        alt, width = match["alt"], match["width"]
        return "\n".join(f"![{alt}]({match[name]}#only-{name}){{ width={width} }}" for name in COLOURS)

    return THEMED.sub(change, text)


def _with_others(entries: list[Any], others: list[str]) -> list[Any]:
    """The nav, ``others`` in the place of the entry OTHERS."""
    opened: list[Any] = []
    for entry in entries:
        if entry == OTHERS:
            opened += others
        elif isinstance(entry, dict):
            opened.append({k: _with_others(v, others) if isinstance(v, list) else v for k, v in entry.items()})
        else:
            opened.append(entry)
    return opened


def _named(entries: list[Any]) -> set[str]:
    found: set[str] = set()
    for entry in entries:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            found |= _named(value) if isinstance(value, list) else {value}
    return found


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Open the nav's place for pages that it does not name; tell the version, and the repository where it is known."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    config.copyright = f"docsr {project['version']}, {project['license']} licence"
    config.repo_url = project.get("urls", {}).get("Repository")
    nav = config.nav or []
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    config.nav = _with_others(nav, sorted(pages - _named(nav)))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what lies outside docs/."""
    from mkdocs.structure.files import File

    for place, path in files_of_site().items():
        files.append(File.generated(config, place, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Change links to other files of the repository."""
    path = page.file.abs_src_path
    return markdown if path is None else relinked(themed(markdown), Path(path))


def on_page_content(html: str, **_: Any) -> str:
    """Leave only the name of what a docstring refers to."""
    return ROLE.sub("", html)
