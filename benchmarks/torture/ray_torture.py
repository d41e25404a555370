"""`docsr enhance` on a Ray cluster that loses a node: every page is there once, with the bytes of one machine's run.

    python -m benchmarks.torture.ray_torture --out benchmarks/results/ray.json [--pages 500] [--seed 0]

Distinct crops of data/samples are enlarged by `docsr enhance --jobs 2`, and by `python -m docsr.integrations.ray` on a
cluster of two nodes on this machine with one CPU and one actor each. When two fifths are done, all processes of the
node that is not the head are killed at once. Checked: exit code 0, each output there once, with the bytes of the first
run, a line in the manifest for each, nothing else left, and one more run finds nothing to do.

Measured: the time of a job with one actor and with two (two nodes, one CPU each; pages a second between the first and
the last output, so that starting up is not among it), what the pipeline itself costs (files that are not there, so
that nothing but handing them out and back takes time), and the time and memory of planning a large job. On shared cores
these say little: --free says in the results that nothing else ran.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.torture.ray_nodes import ENVIRONMENT, Cluster, cluster
from docsr import __version__
from docsr.bench.results import as_json
from docsr.io.paths.manifest import NAME, sha256_of
from docsr.machine import machine

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
FACTOR, NODES = 2, 2
LIBRARIES = ("ray", "pyarrow", "fsspec")

SECONDS_TO_GO_ON = 3600.0
"""A run that has not come so far after so long stands still."""


def write_crops(folder: Path, pages: int, seed: int) -> None:
    """Write so many crops of the samples, no two alike, each in its sample's format."""
    drawn, seen = random.Random(seed), set[bytes]()
    whole = [(path, Image.open(path)) for path in sorted(SAMPLES.iterdir()) if path.suffix in {".png", ".jpg", ".tif"}]
    while len(seen) < pages:
        path, image = drawn.choice(whole)
        width, height = drawn.randint(48, 96), drawn.randint(48, 96)
        left, top = drawn.randint(0, image.width - width), drawn.randint(0, image.height - height)
        crop = image.crop((left, top, left + width, top + height))
        pixels = hashlib.sha256(crop.tobytes()).digest()
        if pixels in seen or len(crop.convert("L").getcolors() or range(3)) < 2:  # another crop of blank paper
            continue
        target = folder / f"{len(seen) % 5}" / f"{len(seen):04d}{path.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        crop.save(target, dpi=(75, 75))
        seen.add(pixels)


def hashes(folder: Path) -> dict[str, str | None]:
    """Name -> SHA-256 of all that is in a folder, but for the manifest."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256_of(path) for path in files if path.name != NAME}


class Job:
    """The command at work on a cluster."""

    def __init__(self, given: Path | Sequence[str], out: Path, where: Cluster, actors: int) -> None:
        """Start it."""
        names = [str(given)] if isinstance(given, Path) else list(given)
        command = [sys.executable, "-m", "docsr.integrations.ray", *names, "--out", str(out), "--log-json"]
        command += ["--factor", str(FACTOR), "--actors", str(actors), "--address", where.address]
        self.out, self.started = out, time.monotonic()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - read when it has ended
        environment = {**os.environ, **ENVIRONMENT}
        self.process = subprocess.Popen(command, stdout=self._said, stderr=self._said, env=environment)

    def outputs(self) -> list[Path]:
        """Those that are there."""
        return [path for path in self.out.rglob("*") if path.is_file() and not path.name.startswith(".")]

    def wait_for(self, files: int) -> None:
        """Wait until so many files are done. Exits when the job stands still."""
        while len(self.outputs()) < files and self.process.poll() is None:
            if time.monotonic() - self.started > SECONDS_TO_GO_ON:
                self.process.kill()
                sys.exit(f"the job stood still with {len(self.outputs())} files done")
            time.sleep(0.05)

    def finished(self, code: int = 0) -> tuple[Counter[str], float]:
        """Wait for its end; rows by status, and its seconds. Exits when it ended in another way."""
        ended = self.process.wait(SECONDS_TO_GO_ON)
        seconds = time.monotonic() - self.started
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").splitlines()
        if ended != code:
            sys.exit(f"the job ended with exit code {ended}: {'; '.join(lines[-3:])}")
        rows = [json.loads(line) for line in lines if line.startswith("{")]
        return Counter(row["status"] for row in rows if "status" in row), round(seconds, 2)

    def pace(self) -> float:
        """Pages a second, from the first output to the last."""
        times = sorted(path.stat().st_mtime for path in self.outputs())
        return round((len(times) - 1) / (times[-1] - times[0]), 3)


def killed(given: Path, out: Path, pages: int) -> dict[str, Any]:
    """A job that loses one of its two nodes, and the same job once more."""
    with cluster(*[1] * NODES) as nodes:
        job = Job(given, out, nodes, NODES)
        job.wait_for(pages * 2 // 5)
        done, processes, at = len(job.outputs()), nodes.nodes[-1].kill(), time.monotonic()
        statuses, seconds = job.finished()
        again, _ = Job(given, out, nodes, 1).finished()
    return {
        "done_when_killed": done,
        "processes_killed": processes,
        "seconds_before": round(at - job.started, 2),
        "seconds": seconds,
        "rows": dict(statuses),
        "one_more_run": dict(again),
    }


def scaling(given: Path, folder: Path) -> dict[str, Any]:
    """Jobs of one actor and of two on two nodes: seconds of the whole job, and pages a second when at work."""
    found: dict[str, Any] = {}
    for actors in range(1, NODES + 1):
        with cluster(*[1] * NODES) as nodes:
            job = Job(given, folder / f"actors{actors}", nodes, actors)
            _, seconds = job.finished()
        found[str(actors)] = {"seconds": seconds, "pages_per_second": job.pace()}
    found["two_over_one"] = round(found["2"]["pages_per_second"] / found["1"]["pages_per_second"], 2)
    return found


def overhead(folder: Path, files: int) -> dict[str, Any]:
    """What handing files out and back costs: of files that are not there nothing else is done."""
    names = folder / "missing.txt"
    seconds = {}
    with cluster(*[1] * NODES) as nodes:
        for count in (NODES, files):
            names.write_text("".join(f"{folder}/none/{number}.png\n" for number in range(count)))
            _, seconds[count] = Job([f"@{names}"], folder / "missing", nodes, NODES).finished(code=3)
    each = (seconds[files] - seconds[NODES]) / (files - NODES)
    return {
        "files": files,
        "seconds_of_a_job_of_two": seconds[NODES],
        "seconds": seconds[files],
        "ms_per_file": round(1000 * each, 2),
    }


def planning(folder: Path, files: int) -> dict[str, Any]:
    """Plan a job of so many files with an entry of the manifest each, in a process of its own: seconds, memory."""
    given, out = folder / "many", folder / "planned"
    out.mkdir()
    entry = {"sha256": "0" * 64, "options": "0" * 64, "size": 1, "modified": 1, "output_sha256": "0" * 64}
    with (out / NAME).open("w") as manifest:
        for number in range(files):
            path = given / f"{number // 1000:05d}" / f"{number:08d}.png"
            if number % 1000 == 0:
                path.parent.mkdir(parents=True)
            path.touch()
            told = {"input": str(path), "output": str(path.relative_to(given)), **entry}
            manifest.write(json.dumps(told) + "\n")
    command = [
        sys.executable,
        "-m",
        "benchmarks.torture.ray_torture",
        "--out",
        os.devnull,
        "--plan",
        str(given),
        str(out),
    ]
    measured: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {"files": files, **measured}


def plan_here(given: str, out: str) -> None:
    """Plan a job in this process; say the seconds, and the memory that it took."""
    from docsr.batch.run import EnhanceOptions
    from docsr.integrations.ray_plan import plan_jobs

    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    jobs = plan_jobs([given], out, EnhanceOptions(factor=FACTOR))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert jobs
    told = {"seconds": round(time.monotonic() - started, 2), "MiB": round((after - before) / 1024)}
    sys.stdout.write(json.dumps(told))


def tortured(given: Path, folder: Path, pages: int) -> dict[str, Any]:
    """One machine's run, and that which loses a node; what came of it."""
    single, out = folder / "single", folder / "out"
    started = time.monotonic()
    words = ["enhance", str(given), "--out", str(single), "--factor", str(FACTOR), "--jobs", str(NODES)]
    subprocess.run([sys.executable, "-m", "docsr", *words], check=True, capture_output=True)
    seconds = round(time.monotonic() - started, 2)
    found: dict[str, Any] = {"pages": pages, "one_machine_two_jobs_seconds": seconds, **killed(given, out, pages)}
    wanted, made = hashes(single), hashes(out)
    noted = Counter(json.loads(line)["output"] for line in (out / NAME).read_bytes().splitlines())
    return found | {
        "outputs": len(made),
        "wrong": sorted(name for name in wanted if made.get(name) != wanted[name]),
        "left_over": sorted(set(made) - set(wanted)),
        "not_noted": sorted(set(wanted) - set(noted)),
        "noted_again": sum(noted.values()) - len(noted),
    }


def broken(found: dict[str, Any]) -> list[str]:
    """The promises that were broken, a sentence each."""
    lists = {"wrong": "outputs are not right", "left_over": "files were left", "not_noted": "outputs are not noted"}
    sentences = [f"{len(found[one])} {what}: {', '.join(found[one][:5])}" for one, what in lists.items() if found[one]]
    if found["outputs"] != found["pages"] or sum(found["rows"].values()) != found["pages"]:
        sentences.append(f"there are {found['outputs']} outputs and {sum(found['rows'].values())} rows")
    if set(found["one_more_run"]) != {"skipped"}:
        sentences.append("a run over what is done did something")
    return sentences


def main() -> None:
    """Torture and measure it; exit code 1 when a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the .json file")
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--free", action="store_true", help="say in the results that nothing else used the cores")
    parser.add_argument("--only-kill", action="store_true", help="measure nothing")
    parser.add_argument("--plan", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plan:
        plan_here(*options.plan)
        return
    told: dict[str, Any] = {
        "docsr": __version__,
        "command": shlex.join(["python", "-m", "benchmarks.torture.ray_torture", *sys.argv[1:]]),
        "machine": machine(),
    }
    told["machine"]["libraries"] |= {name: version(name) for name in LIBRARIES}
    told |= {"cores_were_free": options.free, "seed": options.seed}
    with tempfile.TemporaryDirectory(prefix="docsr-ray-torture-") as name:
        folder = Path(name)
        write_crops(folder / "in", options.pages, options.seed)
        told |= tortured(folder / "in", folder, options.pages)
        told["broken"] = broken(told)
        write(options.out, told)
        if not options.only_kill:
            told["overhead"] = overhead(folder, 2000)
            told["planning"] = planning(folder, 100_000)
            write(options.out, told)
            told["scaling"] = scaling(folder / "in", folder)
            write(options.out, told)
    if told["broken"]:
        sys.exit("; ".join(told["broken"]))


def write(path: Path, told: dict[str, Any]) -> None:
    """Write what is known so far."""
    path.write_text(as_json(told), encoding="utf-8")


if __name__ == "__main__":
    main()
