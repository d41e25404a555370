"""Change the code in one small way, see whether the default tests notice, and repeat: a mutation sample.

    python tools/mutants.py --python .venv/bin/python --count 150 --out benchmarks/results/mutants.json

cosmic-ray makes the changes (mutants). A place in the code is drawn first and then one of the mutants of that place,
so that an operator with eleven replacements counts as one. Each mutant is tried in a copy of the repository: with the
tests of its own module, then those of its folder, then those of what uses it, until one fails. So the share that is
killed is a lower bound, if all tests pass on the unchanged code (`make test` before). The same command goes on where
it was stopped, and tries the survivors again; remove build/mutants/tried.jsonl after a change of the code.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "mutants"
ROOMS = ("docsr/decide", "docsr/upscale", "docsr/io/pdf", "docsr/batch")

IN_ANNOTATIONS = "BinaryOperator_BitOr"
"""`int | None` stands in annotations, which nothing evaluates: such a mutant changes nothing."""

USERS = {"tests/batch": ("tests/cli", "tests/test_api.py")}
OTHER_USERS = (
    "tests/batch",
    "tests/cli/test_cli.py",
    "tests/test_api.py",
    "tests/test_square.py",
    "tests/test_square_ratio.py",
)
"""Tests of what uses a room."""

LONGEST = 900
"""Seconds after which a run of tests counts as failed: a mutant may loop without end."""


@dataclass(frozen=True)
class Mutant:
    """One change: the operator's n-th place in a module."""

    module: str
    line: int
    operator: str
    occurrence: int


@dataclass(frozen=True)
class Tried:
    """What became of a mutant: the test that failed, or None."""

    mutant: Mutant
    change: str
    killed_by: str | None


def mutants_of(module: str) -> Iterator[tuple[Any, Mutant]]:
    """Yield (place, mutant) of a module; mutants of one kind at one place have the same place."""
    nodes = list(ast_nodes(get_ast((ROOT / module).read_text(encoding="utf-8"))))
    for name in sorted(operator_names()):
        if IN_ANNOTATIONS in name or "Variable" in name:  # the latter need arguments
            continue
        operator, count = get_operator(name)(), 0
        for node in nodes:
            for start, _ in operator.mutation_positions(node):
                yield (module, start, name.partition("_")[0]), Mutant(module, start[0], name, count)
                count += 1


def sample(count: int, seed: int) -> list[Mutant]:
    """Draw places, and one mutant of each."""
    places: dict[Any, list[Mutant]] = defaultdict(list)
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for place, mutant in mutants_of(str(path.relative_to(ROOT))):
                places[place].append(mutant)
    draw = random.Random(seed)
    return [draw.choice(places[place]) for place in draw.sample(sorted(places), count)]


def stages(mutant: Mutant) -> Iterator[list[str]]:
    """Yield tests to run, the likeliest to fail first."""
    path = Path(mutant.module).relative_to("docsr")
    folder = Path("tests") / path.parent
    own = sorted(str(test.relative_to(ROOT)) for test in (ROOT / folder).glob(f"test_{path.stem}*.py"))
    if own:
        yield own
    yield [str(folder)]
    yield list(USERS.get(str(folder), OTHER_USERS))


def failing_test(python: str, tree: Path, tests: list[str], log: Path) -> str | None:
    """Run tests in a copy until one fails; return its name, or None."""
    environment = os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"}
    command = [python, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no", *tests]
    with log.open("w", encoding="utf-8") as file:
        ran = subprocess.Popen(command, cwd=tree, env=environment, stdout=file, stderr=file, start_new_session=True)
        try:
            code = ran.wait(LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(ran.pid, signal.SIGKILL)
            return "it took too long"
    if code == 0:
        return None
    said = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line for line in said if line.startswith(("FAILED", "ERROR"))), f"pytest ended with {code}")


def tried(python: str, tree: Path, mutant: Mutant) -> Tried:
    """Put the mutant into a copy, run the tests, and put the code back."""
    path = tree / mutant.module
    code = path.read_text(encoding="utf-8")
    mutated = mutate_code(code, get_operator(mutant.operator)(), mutant.occurrence)
    assert mutated is not None, mutant
    lines = difflib.unified_diff(code.splitlines(), mutated.splitlines(), lineterm="", n=0)
    change = "\n".join(line for line in lines if line[0] in "+-" and not line.startswith(("+++", "---")))
    path.write_text(mutated, encoding="utf-8")
    try:
        for tests in stages(mutant):
            killer = failing_test(python, tree, tests, tree.with_suffix(".log"))
            if killer is not None:
                return Tried(mutant, change, killer)
        return Tried(mutant, change, None)
    finally:
        path.write_text(code, encoding="utf-8")


def copy_of_repository(name: str) -> Path:
    """Copy what git knows to a folder of its own."""
    tree = WORK / name
    shutil.rmtree(tree, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for file in filter(None, listed.stdout.split("\0")):
        target = tree / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, target, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet"], cwd=tree, check=True)
    subprocess.run(["git", "add", "--all"], cwd=tree, check=True)
    return tree


def main() -> None:
    """Draw, try, and write what survived."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="the environment that has docsr's tests")
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    python = os.path.abspath(options.python)
    WORK.mkdir(parents=True, exist_ok=True)
    kept = WORK / "tried.jsonl"
    done = {}
    for line in kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []:
        values = json.loads(line)
        mutant = Mutant(**values.pop("mutant"))
        if values["killed_by"] is not None:  # a test may have been written for a survivor
            done[mutant] = Tried(mutant, **values)
    drawn = sample(options.count, options.seed)
    trees: SimpleQueue[Path] = SimpleQueue()
    for number in range(options.jobs):
        trees.put(copy_of_repository(f"tree{number}"))

    def one(mutant: Mutant) -> None:
        tree = trees.get()
        try:
            done[mutant] = result = tried(python, tree, mutant)
        finally:
            trees.put(tree)
        with kept.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")
        sys.stderr.write(f"{mutant.module}:{mutant.line} {mutant.operator}: {result.killed_by or 'SURVIVED'}\n")

    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, [mutant for mutant in drawn if mutant not in done]))
    results = [done[mutant] for mutant in drawn]
    survived = [asdict(result) for result in results if result.killed_by is None]
    summary = {
        "seed": options.seed,
        "rooms": ROOMS,
        "mutants": len(results),
        "killed": len(results) - len(survived),
        "survived": survived,
    }
    options.out.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    sys.stderr.write(f"{summary['killed']} of {len(results)} mutants were killed\n")


if __name__ == "__main__":
    main()
