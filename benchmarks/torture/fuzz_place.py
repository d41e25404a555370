"""Where a batch of benchmarks/torture/fuzz.py works, and what it left or changed where it should not."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

AROUND = {
    "above.txt": b"kept",
    "around/.bashrc": b"kept",
    "around/scan.png": b"kept",
    "out-of-reach/.docsr-manifest.jsonl": b"",
    "home/.profile": b"kept",
    "here/notes.txt": b"kept",
}
"""What stands around the inputs and the outputs, and is nobody's business."""


class Place:
    """Folders of a batch: ``given`` (inputs), ``out``, ``temporary`` (TMPDIR), and others that are to stay as they are.

    Args:
        root: an empty folder.
    """

    def __init__(self, root: Path) -> None:
        """Make them."""
        self.root, self.given, self.out, self.temporary = root, root / "in", root / "out", root / "tmp"
        for folder in (self.given, self.temporary):
            folder.mkdir()
        for name, content in AROUND.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_bytes(content)
        self._before: dict[str, str] = {}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Work in it: temporary files, settings of a user and the working folder are its own."""
        told = {"TMPDIR": str(self.temporary), "HOME": str(self.root / "home"), "XDG_CACHE_HOME": ""}
        back = Path.cwd()
        self._before = self._state()
        with patch.dict(os.environ, told), patch.object(tempfile, "tempdir", None):
            os.chdir(self.root / "here")
            try:
                yield
            finally:
                os.chdir(back)

    def faults(self) -> dict[str, list[str]]:
        """What came, went or changed outside the outputs; what is left in TMPDIR; what is half-written."""
        now, before = self._state(), self._before
        half = [one for one in self.out.rglob(".docsr-*") if one.suffix != ".jsonl" and one.suffix != ".d"]
        return {
            "outside": sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name)),
            "left_in_tmp": sorted(str(path) for path in self.temporary.rglob("*")),
            "half_written": sorted(map(str, half)),
        }

    def _state(self) -> dict[str, str]:
        """Every file outside the outputs and the temporary folder, with the hash of its bytes."""
        found = {}
        for folder, folders, names in os.walk(self.root):
            if Path(folder) == self.root:
                folders[:] = [name for name in folders if name not in {"out", "tmp"}]
            for name in (*folders, *names):
                path = Path(folder, name)
                found[str(path)] = ""
                with suppress(OSError):
                    found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        return found
