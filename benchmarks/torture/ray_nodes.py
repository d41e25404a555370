"""Ray clusters of several nodes on this machine, and the death of one of them; Linux only, it looks into /proc."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HOST = "127.0.0.1"

SECONDS_TO_START = 180.0
ATTEMPTS = 5

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(16),
    "RAY_agent_register_timeout_ms": "120000",
}
"""Of nodes, and of what talks to them: nothing is reported, nobody else gets in, a slow machine is given time."""


class Node:
    """One node: `ray start --block` and all that it starts, in a session of its own."""

    def __init__(self, words: list[str], cpus: int, said: Path) -> None:
        """Start it."""
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *words, "--block", "--disable-usage-stats"]
        command += ["--node-ip-address", HOST, "--num-cpus", str(cpus), "--object-store-memory", str(200 * 2**20)]
        with said.open("wb") as file:
            self.process = subprocess.Popen(
                command,
                stdout=file,
                stderr=file,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **ENVIRONMENT},
                start_new_session=True,
            )

    def running(self) -> list[int]:
        """Numbers of its processes, and of what they have started."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile
                state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) == self.process.pid and state not in "ZX":
                    found.append(int(folder.name))
        return found

    def kill(self) -> int:
        """End it as a loss of power does: all at once. Returns how many processes there were."""
        ended: set[int] = set()
        while running := self.running():  # what was just being started is met the next time
            for pid in running:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            ended.update(running)
            time.sleep(0.02)
        self.process.wait()
        return len(ended)


class Cluster:
    """Nodes, the first of which is the head."""

    def __init__(self, folder: Path) -> None:
        """Begin with none."""
        self.nodes: list[Node] = []
        self._folder = folder
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.address = f"{HOST}:{free.getsockname()[1]}"

    def add(self, cpus: int) -> Node:
        """Start a node and wait until it takes part. Exits when it does not."""
        number = len(self.nodes)
        where = ["--address", self.address]
        if not number:
            where = ["--head", "--port", self.address.partition(":")[2], "--include-dashboard", "false"]
        said = self._folder / f"node{number}.txt"
        for attempt in range(ATTEMPTS):
            temporary = self._folder / f"n{number}{'abcdef'[attempt]}"
            node = Node([*where, "--temp-dir", str(temporary)], cpus, said)
            deadline = time.monotonic() + SECONDS_TO_START
            while b"--block" not in said.read_bytes():  # "This command will now block ..."
                if node.process.poll() is not None or time.monotonic() > deadline:
                    break
                time.sleep(0.1)
            else:
                self.nodes.append(node)
                return node
            node.kill()  # on a busy machine Ray gives up early
        sys.exit(f"a Ray node did not start: {said.read_text(errors='replace')[-500:]}")


@contextmanager
def cluster(*cpus: int) -> Iterator[Cluster]:
    """A cluster with one node for each number of CPUs; it is gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:  # short: it holds sockets
        made = Cluster(Path(folder))
        try:
            for one in cpus:
                made.add(one)
            yield made
        finally:
            for node in reversed(made.nodes):
                node.kill()
