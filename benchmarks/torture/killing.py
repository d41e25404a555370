"""A `docsr enhance` that is killed: the run and its processes, and the kills, as drawn and as they went."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

JOBS, FACTOR = 2, 2

SECONDS_TO_END = 40.0
"""What still runs so long after its run was killed is left over."""


class Run:
    """A `docsr enhance` at work, in a session of its own."""

    def __init__(self, given: Path, out: Path) -> None:
        """Start it, with a folder of our own for temporary files elsewhere."""
        command = [sys.executable, "-m", "docsr", "enhance", str(given), "--out", str(out)]
        command += ["--jobs", str(JOBS), "--factor", str(FACTOR), "--log-json"]
        elsewhere = given.with_name("tmp")
        elsewhere.mkdir(exist_ok=True)
        self.said = tempfile.TemporaryFile()  # noqa: SIM115 - read when the run has ended
        self.process = subprocess.Popen(
            command,
            stdout=self.said,
            stderr=self.said,
            env={**os.environ, "TMPDIR": str(elsewhere)},
            start_new_session=True,
        )
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.started

    def running(self) -> dict[int, str]:
        """Its processes that are there: number -> command line."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile
                state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) == self.process.pid and state not in "ZX":
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        return found

    def workers(self) -> list[int]:
        """Its workers."""
        return sorted(pid for pid, command in self.running().items() if "spawn_main" in command)

    def finished(self) -> Counter[str]:
        """Wait for its end; how many rows have each status. Exits when it failed."""
        code = self.process.wait()
        self.said.seek(0)
        lines = self.said.read().decode(errors="replace").splitlines()
        if code:
            sys.exit(f"a run that nobody killed ended with exit code {code}: {lines[-1] if lines else 'silently'}")
        rows = [json.loads(line) for line in lines if line.startswith("{")]
        return Counter(row["status"] for row in rows if "status" in row)


@dataclass
class Kill:
    """One kill: what was drawn, and what became of it.

    Attributes:
        whom: ``all`` processes, or the ``parent`` alone.
        after_files: when so many files are done;
        after_seconds: and so long after that, or after the start.
        worker_before: whether one worker is killed before that, and more files are waited for; None: none was there.
        seconds: since the start of the run.
        done: files done.
        temporaries: temporary files that were there just after it.
        seconds_to_end: how long the last process of the run went on; None: it had to be ended.
    """

    whom: str
    after_files: int
    after_seconds: float
    worker_before: bool | None
    seconds: float = 0.0
    done: int = 0
    temporaries: int = 0
    seconds_to_end: float | None = None


def drawn_kills(count: int, files: int, starting: float, working: float, drawn: random.Random) -> list[Kill]:
    """Draw the moments: a quarter while a run starts, the others over the first 70 % of the work.

    Args:
        count: of kills.
        files: of inputs.
        starting: seconds that an undisturbed run takes to its first output.
        working: seconds that it takes from there to its end.
        drawn: where chance comes from.
    """
    kills = []
    for index, done in enumerate(sorted(drawn.randrange(max(1, files * 7 // 10)) for _ in range(count))):
        early = index % 4 == 3
        seconds = drawn.uniform(0, 1.2 * starting) if early else drawn.uniform(0, min(0.5, 0.03 * working))
        worker = not early and drawn.random() < 0.4
        kills.append(Kill(drawn.choice(["all", "parent"]), 0 if early else done, round(seconds, 3), worker))
    return kills


def see_it_end(run: Run, kill: Kill, killed: float) -> None:
    """Wait until nothing of a killed run is left; end what does not end by itself."""
    while running := run.running():
        if time.monotonic() - killed > SECONDS_TO_END:
            for pid in running:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.02)
    kill.seconds_to_end = round(time.monotonic() - killed, 2)
