"""Known vulnerabilities of what is installed (pip-audit); exit code 1 when there are any.

python tools/audit.py [--python build/release/product/bin/python] [--strict]

Where its service cannot be reached that is said, and is no failure unless --strict: `make check` works without a
network.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Audit and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="of the environment that is audited")
    parser.add_argument("--strict", action="store_true", help="what cannot be audited is a failure")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        command = [sys.executable, "-m", "pip_audit", *_where(options.python), "--progress-spinner", "off"]
        ran = subprocess.run(
            [*command, "--format", "json", "--output", str(found)], capture_output=True, text=True, check=False
        )
        if not found.is_file():
            told = f"dependencies were not audited: {ran.stderr.strip().rpartition(chr(10))[2]}"
            sys.exit(told) if options.strict else sys.stderr.write(f"{told}\n")
            return
        packages = json.loads(found.read_text(encoding="utf-8"))["dependencies"]
    audited = [package for package in packages if "vulns" in package]
    bad = [(package["name"], one["id"]) for package in audited for one in package["vulns"]]
    sys.stderr.write(f"{len(audited)} of {len(packages)} packages audited, {len(bad)} known vulnerabilities\n")
    if bad:
        sys.exit("; ".join(f"{name}: {identity}" for name, identity in bad))
    passed_over = [package["name"] for package in packages if "vulns" not in package and package["name"] != "docsr"]
    if options.strict and passed_over:
        sys.exit(f"not audited: {', '.join(passed_over)}")


def _where(python: str) -> list[str]:
    """Options of pip-audit for the environment of a Python."""
    if python == sys.executable:
        return ["--local"]
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    asked = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True)
    return ["--path", asked.stdout.strip()]


if __name__ == "__main__":
    main()
