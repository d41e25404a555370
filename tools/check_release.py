"""What is in the wheel and the source distribution that are about to be released.

python tools/check_release.py dist/     # exit code 1, and a sentence for each, where something is wrong
"""

from __future__ import annotations

import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 5_000_000
"""Of the wheel, networks included."""

LEFT_OUT = {".pyc"}
NOTICES = ("LICENSE", "NOTICE")
SOURCES = (
    *("LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CITATION.cff", "Makefile"),
    *("pyproject.toml", "noxfile.py", "data/samples/README.md", "tests/conftest.py", "tools/check_release.py"),
)


def faults(folder: Path) -> list[str]:
    """Return what is wrong, a sentence each; nothing where all is well.

    Args:
        folder: holds one wheel and one source distribution, as ``python -m build`` leaves them.
    """
    wheels, archives = sorted(folder.glob("*.whl")), sorted(folder.glob("*.tar.gz"))
    if len(wheels) != 1 or len(archives) != 1:
        return [f"{folder} holds {len(wheels)} wheels and {len(archives)} source distributions, not one of each"]
    return [*_of_wheel(wheels[0]), *_of_archive(archives[0])]


def _of_wheel(path: Path) -> list[str]:
    found = []
    if path.stat().st_size >= MOST_BYTES:
        found.append(f"{path.name} has {path.stat().st_size:,} bytes, and is to have fewer than {MOST_BYTES:,}")
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        told = message_from_bytes(wheel.read(metadata))["Version"]
        licences = str(PurePosixPath(metadata).parent / "licenses")
        files = (one for one in (ROOT / "docsr").rglob("*") if one.is_file() and one.suffix not in LEFT_OUT)
        wanted = {f"{licences}/{name}" for name in NOTICES} | {_name(one) for one in files}
        differ = [name for name in sorted(wanted & names) if not name.startswith(licences) and _other(wheel, name)]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    if told != version:
        found.append(f"{path.name} says version {told}, pyproject.toml {version}")
    found += [f"{path.name} lacks {name}" for name in sorted(wanted - names)]
    found += [f"{path.name} holds another {name} than the repository" for name in differ]
    strays = (name for name in sorted(names) if not name.startswith(("docsr/", f"docsr-{told}.dist-info/")))
    return [*found, *(f"{path.name} holds {name}, which is not docsr" for name in strays)]


def _of_archive(path: Path) -> list[str]:
    with tarfile.open(path) as archive:
        names = {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in archive.getnames()}
    return [f"{path.name} lacks {name}" for name in SOURCES if name not in names]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _other(wheel: zipfile.ZipFile, name: str) -> bool:
    return wheel.read(name) != (ROOT / name).read_bytes()


def main() -> None:
    """Look, tell, and exit with 1 when something is wrong."""
    if found := faults(Path(sys.argv[1])):
        sys.exit("\n".join(found))
    sizes = ", ".join(f"{path.name}: {path.stat().st_size:,} bytes" for path in sorted(Path(sys.argv[1]).iterdir()))
    sys.stdout.write(f"{sizes}\n")


if __name__ == "__main__":
    main()
