"""Every file that fuzzing found is tried again, and what OSS-Fuzz would build from is whole."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from benchmarks.torture import fuzz_learning, fuzz_targets

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS, CORPUS, LAYOUT = ROOT / "benchmarks", ROOT / "tests" / "corpus", ROOT / "contrib" / "oss-fuzz"
FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file())
NAMES = sorted(path.name for path in CORPUS.iterdir())
SECONDS = 20
MOST_BYTES = 300_000
"""Of the corpus: it is in every copy of the repository."""

ATHERIS = """
import contextlib, sys

def instrument_imports(include):
    assert "docsr" in include
    assert not any(name.partition(".")[0] == "docsr" for name in sys.modules)
    return contextlib.nullcontext()

def Mutate(data, most):
    return data[:most]

def Setup(words, target, custom_mutator=None):
    global run
    contents = [open(name, "rb").read() for name in words[1:]]
    if custom_mutator is not None:
        contents += [custom_mutator(one, 1 << 16, seed) for one in contents for seed in range(6)]
    run = lambda: [target(one) for one in contents]

def Fuzz():
    print(len(run()))
"""


def _name(path: Path) -> str:
    return str(path.relative_to(CORPUS))


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Fail where it takes longer."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"it takes longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("path", FILES, ids=_name)
@pytest.mark.filterwarnings("ignore")  # what is said of damage is looked at by the targets
def test_what_was_found_once_is_not_found_again(path: Path) -> None:
    with within(SECONDS):
        fuzz_targets.TARGETS[path.parent.name](path.read_bytes())


def test_the_corpus_is_small_and_has_something_for_each_target() -> None:
    assert set(NAMES) == set(fuzz_targets.TARGETS)
    assert all(any(path.parent.name == name for path in FILES) for name in NAMES)
    assert sum(path.stat().st_size for path in FILES) < MOST_BYTES


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("names", "docsr.text.shown:visible"),
        ("names", "docsr.system.names:_fault_upwards"),
        ("image", "docsr.io.read_errors:damage"),
        ("manifest", "docsr.io.paths.manifest:Manifest.made"),
        ("graph", "docsr.upscalers.graph.model:_Parser.__init__"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_does_not_hold_is_found(monkeypatch, target: str, fault: str) -> None:
    module, _, name = fault.partition(":")
    wrong: dict[str, Callable[..., object]] = {
        "visible": lambda text, encoding=None: text,
        "_upwards": lambda part: "",
        "damage": lambda error, clause="": f"<object at 0x7fffdeadbeef> {error!r}",
    }
    fail = wrong.get(name, lambda *given: 1 / 0)
    monkeypatch.setattr(f"{module}.{name}", fail)
    contents = [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]
    with pytest.raises((fuzz_targets.Broken, ZeroDivisionError)):
        list(map(fuzz_targets.TARGETS[target], contents))


@pytest.mark.slow_except("image")
@pytest.mark.parametrize("name", NAMES)
def test_each_target_has_a_script_that_hands_it_over(name: str, tmp_path: Path) -> None:
    (tmp_path / "atheris.py").write_text(ATHERIS, encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    smallest = min((CORPUS / name).iterdir(), key=lambda path: path.stat().st_size)
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", LAYOUT / f"fuzz_{name}.py", smallest],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) in {1, 7}


def test_there_is_no_script_without_a_target() -> None:
    assert sorted(path.stem.removeprefix("fuzz_") for path in LAYOUT.glob("fuzz_*.py")) == NAMES


def test_the_project_is_described_as_oss_fuzz_asks() -> None:
    told = yaml.safe_load((LAYOUT / "project.yaml").read_text(encoding="utf-8"))
    assert told["language"] == "python"
    assert told["fuzzing_engines"] == ["libfuzzer"]
    assert set(told["sanitizers"]) <= {"address", "undefined"}
    assert {"homepage", "main_repo", "primary_contact"} <= told.keys()
    build = (LAYOUT / "Dockerfile").read_text(encoding="utf-8")
    assert "FROM gcr.io/oss-fuzz-base/base-builder-python\n" in build
    assert f"git clone --depth 1 {told['main_repo']} docsr" in build
    assert re.search(r"^COPY build\.sh \$SRC/$", build, flags=re.MULTILINE)


def test_the_build_names_what_is_there() -> None:
    script = LAYOUT / "build.sh"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    text = script.read_text(encoding="utf-8")
    assert text.startswith("#!/bin/bash -eu\n")
    for place in ("benchmarks", "contrib/oss-fuzz", "tests/corpus"):
        assert place in text
        assert (ROOT / place).is_dir()
    for said in ("compile_python_fuzzer", "_seed_corpus.zip", "$OUT"):
        assert said in text


@pytest.fixture
def planted(tmp_path: Path) -> Callable[[str], Path]:
    def plant(name: str) -> Path:
        fuzz_learning.plant(name, tmp_path)
        return tmp_path

    return plant


@pytest.mark.parametrize("name", ["pdf", "image", "checks", "manifest"])
@pytest.mark.filterwarnings("ignore")
def test_sound_files_to_start_from_are_sound(planted, name: str) -> None:
    seeds = sorted(planted(name).iterdir())
    assert seeds
    for path in seeds:
        fuzz_targets.TARGETS[name](path.read_bytes())
