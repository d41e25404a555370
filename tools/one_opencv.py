"""Leave one OpenCV in this environment: the headless build with contributed modules.

docsr asks for opencv-python-headless, a peer for opencv-contrib-python-headless and RapidOCR for opencv-python. All
three put their files into the same folder `cv2`, and what was written last wins. The build that is kept has everything
that the others have, but windows.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

KEPT = "opencv-contrib-python-headless"


def main() -> None:
    """Take the build with windows away and write the kept one again."""
    pip = [sys.executable, "-m", "pip"]
    try:
        version("opencv-python")
    except PackageNotFoundError:
        return
    subprocess.run([*pip, "uninstall", "--quiet", "--yes", "opencv-python"], check=True)
    again = ["install", "--quiet", "--force-reinstall", "--no-deps", f"{KEPT}=={version(KEPT)}"]
    subprocess.run([*pip, *again], check=True)


if __name__ == "__main__":
    main()
