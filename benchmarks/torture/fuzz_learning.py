"""Fuzzing that learns which bytes lead to new code (atheris): what is found, and how far it came.

    python -m benchmarks.torture.fuzz_learning --minutes 15 --work build/fuzz [--target pdf]

Each target of fuzz_targets.py gets an equal part of the time, and goes on from the files of tests/corpus, from the
sound ones of seeds.py, and from what earlier runs kept in the folder. A finding (an exception, a hang of 20 s, 2 GiB of
memory, a crash) ends its target, is kept in the folder `found`, and makes the exit code 1: mend it, and put the file
into tests/corpus, where a test tries it from then on. The folder has `learning.json` with the figures of each target.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS, CORPUS = ROOT / "contrib" / "oss-fuzz", ROOT / "tests" / "corpus"

LONGEST, SECONDS, MIB = 1 << 16, 20, 2048
"""Bytes of an input, seconds that it may take, memory of the process in MiB."""

INSTRUMENTED = ["docsr", "tifffile", "PIL"]
"""Packages whose code is what there is to find; of compiled decoders nothing is known here (docs/decisions.md)."""

LATE = ["tifffile", "docsr.io.pdf.scans", "docsr.io.pdf.visible"]
"""What docsr imports when it is asked for; where that is later than here it is not instrumented."""

_LINE = re.compile(r"^#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+) corp: (\d+)", re.MULTILINE)


def learn(name: str) -> None:
    """Drive one target, with the options of libFuzzer that the command line gives: what fuzz_NAME.py does."""
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        from benchmarks.torture.fuzz_targets import STRUCTURED, TARGETS

        for module in LATE:
            import_module(module)
    options = {}
    if (change := STRUCTURED.get(name)) is not None:
        options["custom_mutator"] = mutator(change, lambda data, most: atheris.Mutate(data, most))
    atheris.Setup(sys.argv, TARGETS[name], **options)
    atheris.Fuzz()


def mutator(
    change: Callable[[bytes, random.Random], bytes], otherwise: Callable[[bytes, int], bytes]
) -> Callable[[bytes, int, int], bytes]:
    """What changes an input by its structure half of the time, and else as libFuzzer does."""

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        drawn = random.Random(seed)
        if drawn.random() < 1 / 2:
            try:
                made = change(data, drawn)
            except Exception:  # it has no structure any more
                made = data
            if made != data and len(made) <= most:
                return made
        return otherwise(data, most)

    return mutate


def run(name: str, seconds: int, work: Path) -> dict[str, Any]:
    """Let one target learn for a while; what came of it."""
    grown, found = work / "corpus" / name, work / "found"
    for folder in (grown, found, CORPUS / name):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    plant(name, grown)
    options = {
        "max_total_time": seconds,
        "max_len": LONGEST,
        "timeout": SECONDS,
        "rss_limit_mb": MIB,
        "artifact_prefix": f"{found}/{name}-",
    }
    words = [str(SCRIPTS / f"fuzz_{name}.py"), str(grown), str(CORPUS / name)]
    words += [f"-{key}={value}" for key, value in options.items()]
    log = work / f"{name}.log"
    with tempfile.TemporaryDirectory() as temporary, log.open("wb") as file:
        command = [sys.executable, "-W", "ignore", *words]
        ran = subprocess.run(command, stdout=file, stderr=file, cwd=temporary, check=False, env=_env(temporary))
    told = log.read_text(encoding="utf-8", errors="replace")
    if told.count("\n") > 20_000:
        log.write_text(told[-200_000:], encoding="utf-8")
    done = _LINE.findall(told)
    figures = dict(zip(("inputs", "edges", "features", "kept"), map(int, done[-1] if done else (0,) * 4), strict=True))
    new = sorted(path.name for path in found.iterdir() if path not in before)
    return {"target": name, "exit_code": ran.returncode, "seconds": seconds, **figures, "found": new}


def _env(temporary: str) -> dict[str, str]:
    paths = [str(ROOT / "benchmarks"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "TMPDIR": temporary, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def plant(name: str, grown: Path) -> None:
    """Put sound files into what a target goes on from."""
    from benchmarks.torture.seeds import SEEDS

    for seed, write in SEEDS.items():
        if name == ("pdf" if seed.endswith(".pdf") else "image") or (name == "checks" and seed.endswith(("g", "jp2"))):
            write(path := grown / f"seed-{seed}")
            if path.stat().st_size > LONGEST:
                path.unlink()
    if name == "manifest":
        line: dict[str, Any] = {"input": "/in/a.png", "sha256": "0" * 64, "options": "1" * 64, "output": "a.png"}
        line |= {"size": 9, "modified": 1, "output_sha256": "2" * 64}
        (grown / "seed-line").write_bytes(json.dumps(line).encode() + b"\n")


def main() -> None:
    """All targets, one after the other; exit code 1 when one finds something."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    targets = sorted(path.stem.removeprefix("fuzz_") for path in SCRIPTS.glob("fuzz_*.py"))
    parser.add_argument("--minutes", type=float, default=15, help="of all targets together")
    parser.add_argument("--work", type=Path, required=True, help="a folder that is kept from run to run")
    parser.add_argument("--target", action="append", choices=targets, help="only this (repeat)")
    options = parser.parse_args()
    chosen, work = options.target or targets, options.work.resolve()
    told = []
    for name in chosen:
        told.append(run(name, max(1, round(60 * options.minutes / len(chosen))), work))
        sys.stderr.write(f"{told[-1]}\n")
        (work / "learning.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    if bad := [one["target"] for one in told if one["exit_code"] or one["found"]]:
        sys.exit(f"found something, see {work / 'found'} and the logs beside it: {', '.join(bad)}")


if __name__ == "__main__":
    main()
