"""The files that a release is made of and judged by say the same as the project."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from docsr.weights import catalogue

ROOT = Path(__file__).resolve().parents[1]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def unexplained(text: str) -> list[str]:
    """Lines that bound a dependency from above and do not say why."""
    bounded = re.compile(r'^\s*"[A-Za-z][\w.-]*(\[[\w,]*\])?[^"#]*(<|==|~=)[^"]*",?(?P<rest>.*)$')
    found = (match for line in text.splitlines() if (match := bounded.match(line)))
    return [match.string.strip() for match in found if not re.match(r"\s*#\s*\w+ \w+", match["rest"])]


def test_upper_bounds_have_a_reason() -> None:
    assert unexplained(read("pyproject.toml")) == []


@pytest.mark.parametrize("line", ['"a==1",', '"a-b[c]>=1,<2"', '    "a~=1.1",', '"a<=3", #'])
def test_an_upper_bound_without_a_reason_is_found(line: str) -> None:
    assert unexplained(f'x\n{line}\n"b>=1",') == [line.strip()]
    assert unexplained(f"{line.rstrip('# ')} # breaks our use of it") == []


def test_every_dependency_has_a_lower_bound() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    extras = project["project"]["optional-dependencies"].values()
    asked = [one for group in [project["project"]["dependencies"], *extras] for one in group]
    assert [one for one in asked if not re.search(r">=|==", one) and not one.startswith("docsr[")] == []


def asked_by(extra: str) -> set[str]:
    """Names of all distributions that an extra asks for itself, those of the core among them."""
    project = tomllib.loads(read("pyproject.toml"))["project"]
    names: set[str] = set()
    for one in [*project["dependencies"], *project["optional-dependencies"][extra]]:
        requirement = Requirement(one)
        inner = requirement.extras if requirement.name == "docsr" else set()
        names |= set().union(*map(asked_by, inner)) if inner else {canonicalize_name(requirement.name)}
    return names


def test_what_tests_import_is_asked_for_by_name() -> None:
    own = {"docsr", "tests", "benchmarks", "tools"} | {
        path.stem for name in ("benchmarks", "tools") for path in (ROOT / name).rglob("*.py")
    }
    imported: dict[str, str] = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            imported |= {name.partition(".")[0]: path.name for name in names}
    foreign = imported.keys() - own - sys.stdlib_module_names
    bring, asked = packages_distributions(), asked_by("dev")
    assert {name: imported[name] for name in foreign if asked.isdisjoint(map(canonicalize_name, bring[name]))} == {}


def test_the_changelog_keeps_its_form() -> None:
    titles = re.findall(r"^##? (.*)$", read("CHANGELOG.md"), flags=re.MULTILINE)
    released = titles[2:]
    assert titles[:2] == ["Changelog", "[Unreleased]"]
    assert [one for one in released if not re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", one)] == []
    kinds = re.findall(r"^### (.*)$", read("CHANGELOG.md"), flags=re.MULTILINE)
    assert set(kinds) <= set(KINDS)
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert f"[{version}] - " in "\n".join(released) or f"released as {version}" in read("CHANGELOG.md")


def test_the_citation_has_no_second_version_and_the_licence_of_the_project() -> None:
    told = yaml.safe_load(read("CITATION.cff"))
    assert told["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= told.keys()
    assert "version" not in told
    assert told["license"] == tomllib.loads(read("pyproject.toml"))["project"]["license"]


def test_there_are_forms_for_bugs_pages_and_features() -> None:
    assert [path.stem for path in FORMS] == ["bug", "feature", "page"]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_one(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form.keys() >= {"name", "description", "body"}
    identities = [part["id"] for part in form["body"]]
    assert len(set(identities)) == len(identities)
    for part in form["body"]:
        assert part["type"] in {"textarea", "input", "dropdown", "checkboxes"}
        assert part["attributes"]["label"]
    assert any(part.get("validations", {}).get("required") for part in form["body"])


def test_networks_and_samples_have_an_origin_and_a_licence() -> None:
    notice = read("NOTICE")
    for name, card in catalogue().items():
        assert f"docsr/weights/{name}.onnx" in notice
        assert f"docsr/weights/{name}.md" in notice
        assert re.search(r"\b(LPPL|GPL|MIT|CC0|CC BY|Apache|public domain)\b", card.training_data)
    told = read("data/samples/README.md")
    pictures = [path for folder in ("samples", "training") for path in (ROOT / "data" / folder).iterdir()]
    for path in pictures:
        if path.suffix not in {".txt", ".md"}:
            name = path.name if path.parent.name == "samples" else f"../training/{path.name}"
            assert f"| `{name}` |" in told
    assert "CC0" in told


def test_the_wheel_brings_the_notice() -> None:
    assert tomllib.loads(read("pyproject.toml"))["project"]["license-files"] == ["LICENSE", "NOTICE"]
