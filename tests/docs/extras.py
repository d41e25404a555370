"""In place of ``pip install '.[EXTRA]'``: whether the extra is there, and what it asks for installed.

python -m tests.docs.extras '.[train,ocr]'
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def missing(what: str) -> list[str]:
    """What is not installed of ``.``, ``.[extra,...]`` or ``docsr[extra,...]``.

    Raises:
        SystemExit: it is another thing to install, or an extra that does not exist.
    """
    found = re.fullmatch(r"(?:\.|docsr)(?:\[([\w,-]+)\])?", what)
    if found is None:
        sys.exit(f"{what} is not docsr with extras of its own")
    wanted = list(PROJECT["dependencies"])
    for extra in found[1].split(",") if found[1] else []:
        if extra not in PROJECT["optional-dependencies"]:
            sys.exit(f"{extra} is no extra of pyproject.toml")
        wanted += PROJECT["optional-dependencies"][extra]
    return [text for text in wanted if not _fulfilled(Requirement(text))]


def _fulfilled(wanted: Requirement) -> bool:
    if wanted.name == "docsr":
        return not missing(f"docsr[{','.join(wanted.extras)}]")
    try:
        return version(wanted.name) in wanted.specifier
    except ModuleNotFoundError:
        return False


if __name__ == "__main__":
    lacking = [text for what in sys.argv[1:] for text in missing(what)]
    if lacking:
        sys.exit(f"not installed: {', '.join(lacking)}")
