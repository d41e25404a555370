"""The Markdown files: links lead somewhere, no block of commands escapes, pages made from code say what it says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from inspect import Parameter, Signature, signature
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from docsr import api
from docsr.cli import cli
from tests.docs import DOCS, EXECUTED, LANGUAGES, MARKDOWN, ROOT, Block, anchors, blocks, links, name_of, tokens
from tests.docs.shortened import AS_IT_IS, COSTLY, PROGRAMS, TABLE, entry_of, script_of
from tools.command_page import PAGE, page

PICTURES = sorted(path for path in DOCS.rglob("*") if path.suffix in {".png", ".jpg", ".svg", ".webp", ".gif"})
every_file = pytest.mark.parametrize("path", MARKDOWN, ids=name_of)
SHELL = [block for path in EXECUTED for block in blocks(path) if block.language == "sh"]
HEREDOC = re.compile(r"<<'?(\w+)'?\n.*?\n\1$", re.DOTALL | re.MULTILINE)


def broken(path: Path, target: str) -> str | None:
    """What is wrong with a link of a file; those to other machines are looked at, and not followed."""
    parts = urlsplit(target)
    if parts.scheme:
        well_formed = parts.scheme in {"http", "https", "mailto"} and not re.search(r"\s", target)
        return None if well_formed and (parts.netloc.count(".") or parts.scheme == "mailto") else "is no address"
    file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not file.is_file() or not file.is_relative_to(ROOT):
        return "leads nowhere"
    if parts.fragment and file.suffix == ".md" and parts.fragment not in anchors(file):
        return "names no heading"
    return None


@every_file
def test_links_lead_somewhere(path):
    wrong = {target: why for target, _ in links(path) if (why := broken(path, target))}
    assert wrong == {}


def test_a_broken_link_is_found(tmp_path):
    page = ROOT / "docs" / "benchmark.md"
    assert broken(page, "guard.md#what-is-found") is None
    assert broken(page, "#scores") is None
    assert broken(page, "guard.md#what-is-lost") == "names no heading"
    assert broken(page, "missing.md") == "leads nowhere"
    assert broken(page, "https://keepachangelog.com/en/1.1.0/") is None
    assert broken(page, "http:/keepachangelog.com") == "is no address"


@every_file
def test_every_block_says_what_it_is(path):
    assert {block.place: block.language for block in blocks(path) if block.language not in LANGUAGES} == {}


@pytest.mark.parametrize("path", EXECUTED, ids=name_of)
def test_no_block_escapes_by_being_indented(path):
    assert [token.content for token in tokens(path) if token.type == "code_block"] == []


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.place)
def test_the_runner_knows_every_command(block):
    checked = subprocess.run(["bash", "-n"], input=script_of(block), capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    for line in Block(block.path, block.line, "sh", HEREDOC.sub("", block.text)).lines():
        if entry_of(line) is None and line.strip() not in AS_IT_IS:
            assert not COSTLY.match(line.strip()), f"{line}: say in TABLE what is run"
            assert set(programs(line)) <= PROGRAMS, line


def programs(line: str) -> Iterator[str]:
    """What the parts of a line begin with."""
    for part in re.split(r"\|\||&&|[|;]", re.sub(r"'[^']*'|\"[^\"]*\"", "_", line)):
        yield part.split()[0]


def test_nothing_is_shortened_in_vain():
    commands = [line.strip() for block in SHELL for line in block.lines()]
    idle = [short.pattern for short in TABLE if not any(re.fullmatch(short.pattern, one) for one in commands)]
    assert idle == []
    assert [short.pattern for short in TABLE if len(short.why) < 8] == []


@pytest.mark.parametrize("path", PICTURES, ids=name_of)
def test_every_picture_is_shown_and_made_by_a_target(path):
    pages = [one for one in MARKDOWN for target, picture in links(one) if picture and (one.parent / target) == path]
    assert pages, f"no page shows {name_of(path)}"
    made = re.search(rf"^{path.parent.name}:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert made, f"no target of the Makefile is called {path.parent.name}, as the folder of {path.name} is"
    scripts = re.findall(r"tools/\w+\.py", made[1])
    scripts += [name.replace(".", "/") + ".py" for name in re.findall(r"-m (benchmarks\.[\w.]+)", made[1])]
    neighbours = [*(ROOT / one for one in scripts), *(ROOT / "benchmarks").rglob(f"{path.parent.name}_*.py")]
    assert any(f'"{path.parent.name}"' in one.read_text("utf-8") for one in neighbours), scripts


def test_the_page_of_commands_is_what_the_commands_say():
    said = page()
    assert PAGE.read_text(encoding="utf-8") == said, "run make tables"
    sections = {part.partition("\n")[0]: part for part in said.split("## docsr ")}
    for name, command in cli.commands.items():
        for parameter in command.params:
            for option in (*parameter.opts, *parameter.secondary_opts):
                assert not option.startswith("-") or option in sections[name]


def test_the_recipes_of_the_shipped_networks_have_no_gan():
    """docs/gans.md says so."""
    for path in (ROOT / "configs" / "train").glob("compact_*.yaml"):
        options = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert options["loss"]["pixel"] == "mse"
        assert "gan_start" not in options["schedule"]


def test_the_page_on_python_has_the_signatures_of_the_code():
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    for name, called in (("enhance", api.enhance), ("Enhancer", api.Enhancer)):
        taken = signature(called)
        bare = [parameter.replace(annotation=Parameter.empty) for parameter in taken.parameters.values()]
        plain = taken.replace(parameters=bare, return_annotation=Signature.empty)
        assert f"docsr.{name}{plain}\n".replace("'", '"') in page
