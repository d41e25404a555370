"""Let another environment see the packages of this one: python tools/see_packages.py ENVIRONMENT."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path


def main() -> None:
    """Write the line that Python reads when it starts there."""
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    asked = subprocess.run([f"{sys.argv[1]}/bin/python", "-c", ask], capture_output=True, text=True, check=True)
    line = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (Path(asked.stdout.strip()) / "development.pth").write_text(line, encoding="utf-8")


if __name__ == "__main__":
    main()
