"""Leave one OpenCV in this environment: the headless build with contributed modules.

docsr asks for opencv-python-headless, a peer for opencv-contrib-python-headless and RapidOCR for opencv-python. All
three put their files into the same folder `cv2`, and what was written last wins. The build that is kept has everything
that the others have, but windows.

python tools/one_opencv.py [requirements/dev.txt]    # with the hashes that are written there
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

KEPT = "opencv-contrib-python-headless"


def main() -> None:
    """Take the build with windows away and write the kept one again."""
    pip = [sys.executable, "-m", "pip"]
    try:
        version("opencv-python")
    except PackageNotFoundError:
        return
    subprocess.run([*pip, "uninstall", "--quiet", "--yes", "opencv-python"], check=True)
    again = ["install", "--quiet", "--force-reinstall", "--no-deps", "--requirement", "/dev/stdin"]
    subprocess.run([*pip, *again], check=True, text=True, input=wanted(sys.argv[1:]))


def wanted(locks: list[str]) -> str:
    """The requirement of the build that is kept, with its hashes where a file says them."""
    for lock in locks:
        text = Path(lock).read_text(encoding="utf-8")
        if found := re.search(rf"^{KEPT}==.*(\n +--hash=.*)+", text, flags=re.MULTILINE):
            return found[0]
    return f"{KEPT}=={version(KEPT)}"


if __name__ == "__main__":
    main()
