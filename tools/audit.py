"""Known vulnerabilities of what is installed (pip-audit); exit code 1 when there are any.

Where its service cannot be reached that is said, and is no failure: `make check` works without a network.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Audit and tell."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        command = [sys.executable, "-m", "pip_audit", "--local", "--progress-spinner", "off"]
        ran = subprocess.run(
            [*command, "--format", "json", "--output", str(found)], capture_output=True, text=True, check=False
        )
        if not found.is_file():
            sys.stderr.write(f"dependencies were not audited: {ran.stderr.strip().rpartition(chr(10))[2]}\n")
            return
        packages = json.loads(found.read_text(encoding="utf-8"))["dependencies"]
    audited = [package for package in packages if "vulns" in package]
    bad = [(package["name"], one["id"]) for package in audited for one in package["vulns"]]
    sys.stderr.write(f"{len(audited)} of {len(packages)} packages audited, {len(bad)} known vulnerabilities\n")
    if bad:
        sys.exit("; ".join(f"{name}: {identity}" for name, identity in bad))


if __name__ == "__main__":
    main()
