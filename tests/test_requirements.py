"""What CI installs by hash is what pyproject.toml asks for, and CI installs it so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ["dev", "fuzz", "release", "security"]
PYTHONS = ("3.11", "3.12", "3.13")

_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def asked(name: str) -> list[Requirement]:
    """What a lock is made of: a group, or the extra `dev` with the extras that it names, and docsr itself."""
    if name in PROJECT["dependency-groups"]:
        return list(map(Requirement, PROJECT["dependency-groups"][name]))
    extras, found, ahead = PROJECT["project"]["optional-dependencies"], [], [name]
    while ahead:
        for one in map(Requirement, extras[ahead.pop()]):
            if one.name == "docsr":
                ahead += one.extras
            else:
                found.append(one)
    build = map(Requirement, PROJECT["build-system"]["requires"])
    return [*found, *map(Requirement, PROJECT["project"]["dependencies"]), *build]


def entries(name: str) -> dict[str, list[tuple[Requirement, str]]]:
    """Package -> each of its entries (one for each system or Python), and the text of its hashes."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    found: dict[str, list[tuple[Requirement, str]]] = {}
    for entry in re.sub(r" *\\\n *", " ", text).splitlines():
        if entry and not entry.startswith("#"):
            requirement, _, hashes = entry.partition(" --hash")
            one = Requirement(requirement)
            found.setdefault(canonicalize_name(one.name), []).append((one, f"--hash{hashes}"))
    return found


def disagreeing(name: str) -> list[str]:
    locked = entries(name)
    return [
        str(one)
        for one in asked(name)
        for python in PYTHONS
        if _holds(one, python)
        and not any(_fits(one, entry, python) for entry, _ in locked.get(canonicalize_name(one.name), []))
    ]


def _holds(one: Requirement, python: str) -> bool:
    """Whether it is for a version of Python."""
    versions = {"python_full_version": f"{python}.1", "python_version": python}
    return one.marker is None or one.marker.evaluate(versions)


def _fits(one: Requirement, entry: Requirement, python: str) -> bool:
    (pinned,) = entry.specifier
    return _holds(entry, python) and one.specifier.contains(Version(pinned.version), prereleases=True)


@pytest.mark.parametrize("name", LOCKS)
def test_what_is_asked_for_is_pinned_as_it_is_asked_for(name: str) -> None:
    assert disagreeing(name) == [], "run make lock"


@pytest.mark.parametrize("name", LOCKS)
def test_every_file_has_its_hash(name: str) -> None:
    listed = [(one, hashes) for found in entries(name).values() for one, hashes in found]
    assert listed
    assert [str(one) for one, hashes in listed if not _HASH.search(hashes)] == []
    assert [str(one) for one, _ in listed if [part.operator for part in one.specifier] != ["=="]] == []


@pytest.mark.parametrize("wanted", ["pytest>=1000", "a-package-that-nobody-has"])
def test_what_disagrees_is_found(monkeypatch, wanted: str) -> None:
    dev = PROJECT["project"]["optional-dependencies"]["dev"]
    monkeypatch.setitem(PROJECT["project"]["optional-dependencies"], "dev", [*dev, wanted])
    assert set(disagreeing("dev")) == {wanted}


def test_there_is_no_lock_that_nobody_makes() -> None:
    assert sorted(path.stem for path in (ROOT / "requirements").iterdir()) == LOCKS
    script = (ROOT / "tools" / "lock.sh").read_text(encoding="utf-8")
    assert sorted(re.findall(r"lock (\w+) --", script)) == LOCKS


def steps() -> list[str]:
    files = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    jobs = [job for path in files for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()]
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def test_ci_installs_nothing_without_a_hash() -> None:
    made = [step for step in steps() if "make" in step and "make docker" not in step]
    assert made
    assert [step for step in made if "LOCK=requirements/dev.txt" not in step and "release-check" not in step] == []
    assert [step for step in steps() if "pip install" in step] == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for lock in ("$(LOCK)", "requirements/release.txt", "requirements/fuzz.txt"):
        assert f"--require-hashes --requirement {lock}" in makefile
    assert '"--require-hashes", "--requirement", "requirements/security.txt"' in (ROOT / "noxfile.py").read_text()


def test_the_release_is_audited_and_its_parts_are_listed() -> None:
    text = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    assert re.search(r'nox\.options\.sessions = .*"security"', text)
    for program in ('"bandit"', '"cyclonedx-py"', '"tools/audit.py"'):
        assert program in text
    (parts,) = re.findall(r'PARTS = WORK / "(.*)"', text)
    assert f"build/release/{parts}" in (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
