"""The image's recipe, where no Docker is: what it copies exists, what it installs is the project, who runs it.

`make docker` builds and runs it.
"""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]


def instructions() -> list[tuple[str, str]]:
    """The lines of the Dockerfile, joined where they go on, as (word, rest)."""
    lines = [
        line for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    text = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def of(word: str) -> list[str]:
    return [rest for found, rest in instructions() if found == word]


def reaches_docker(name: str) -> bool:
    """Whether .dockerignore, of which the last line that fits counts, lets a file through."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    fitting = [line for line in lines if line and not line.startswith("#") and fnmatch(name, line.lstrip("!"))]
    return not fitting or fitting[-1].startswith("!")


def test_the_base_is_pinned_by_a_tag_and_is_a_python_that_is_supported() -> None:
    (base,) = (rest for rest in of("ARG") if rest.startswith("BASE="))
    assert re.fullmatch(r"BASE=python:3\.1[123]-slim-\w+", base)
    assert [rest.partition(" AS ")[0] for rest in of("FROM")] == ["${BASE}", "${BASE}"]


def test_what_is_copied_is_there_and_is_sent_to_docker() -> None:
    copied = [word for rest in of("COPY") if not rest.startswith("--from") for word in rest.split()[:-1]]
    assert {"docsr", "pyproject.toml", "LICENSE", "NOTICE", "README.md"} <= set(copied)
    assert [name for name in copied if not (ROOT / name).exists() or not reaches_docker(name)] == []
    assert not reaches_docker("tests")
    assert not reaches_docker(".git")


def test_the_project_and_tesseract_are_installed() -> None:
    ran = " ".join(of("RUN"))
    assert re.search(r"pip [^&]*install [^&]*'\.\[ocr\]'", ran)
    assert {"tesseract-ocr", "tesseract-ocr-eng", "jbig2dec"} <= set(ran.split())


def test_it_runs_docsr_and_not_as_root() -> None:
    words = [word for word, _ in instructions()]
    assert int(of("USER")[-1]) == 1000
    assert words.index("USER") > max(place for place, word in enumerate(words) if word in {"RUN", "COPY"})
    assert of("ENTRYPOINT") == ['["docsr"]']


HARDENED = {
    *("--rm", "--network none", "--read-only", "--tmpfs /tmp", "--cap-drop ALL", "--security-opt no-new-privileges"),
    "--user",
}
"""What every way to run the image that is told of, or tried, has."""

TOLD = {"Dockerfile": 1, "Makefile": 1, "docs/pipelines.md": 1}
"""Where it is told how the image is run -> how often."""


def commands(name: str) -> list[str]:
    """The commands of a file that run the image, each in one line."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\n#", "\n")
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [line.strip() for line in lines if "docker run" in line and "--entrypoint id" not in line]


def lacking(command: str) -> set[str]:
    return {option for option in HARDENED if not re.search(rf"(?<!\S){option}(?!\S)", command)}


def test_it_is_run_without_rights_wherever_that_is_told() -> None:
    found = {
        str(path.relative_to(ROOT)): commands(str(path.relative_to(ROOT)))
        for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("contrib/**/*"), ROOT / "Makefile"]
        if path.is_file()
    } | {"Dockerfile": commands("Dockerfile")}
    assert {name: len(lines) for name, lines in found.items() if lines} == TOLD
    assert {line: lacking(line) for lines in found.values() for line in lines if lacking(line)} == {}


@pytest.mark.parametrize("option", sorted(HARDENED))
def test_a_command_that_lacks_one_is_found(option: str) -> None:
    (command,) = commands("Dockerfile")
    assert lacking(command.replace(option, "")) == {option}


def test_it_writes_no_byte_code() -> None:
    assert re.search(r"(^| )PYTHONDONTWRITEBYTECODE=1( |$)", of("ENV")[-1])
    assert "--no-compile" not in " ".join(of("RUN"))  # it is written while the image is built


def test_ci_builds_and_runs_it() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "docker.yml").read_text(encoding="utf-8"))
    steps = [step.get("run") for job in workflow["jobs"].values() for step in job["steps"]]
    assert "make docker" in steps
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ndocker:")[2].partition("\n\n")[0]
    assert "docker build" in recipe
    assert "docker run" in recipe or "$(IN_IMAGE)" in recipe
