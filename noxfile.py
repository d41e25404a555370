"""What a release is tried with: `make release-check`, or one session by `nox --session NAME`.

A Python that is not installed is told as skipped, at its session and in the list at the end; nothing is downloaded for
it unless you say `--download-python auto`.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
WORK = ROOT / "build" / "release"
DIST = WORK / "dist"
PARTS = WORK / "docsr.cdx.json"
"""The parts of an installation, in CycloneDX's form."""

PYTHONS = ["3.11", "3.12", "3.13"]
OLDEST = PYTHONS[0]
"""Lower bounds are those of the oldest Python: newer ones need newer packages, which pip finds itself."""

ENHANCE = [
    *("tests/cli/test_cli.py", "tests/cli/test_enhance.py", "tests/cli/test_ways.py", "tests/batch/test_run.py"),
    *(
        "tests/batch/test_pdf.py",
        "tests/test_errors.py",
        "tests/batch/test_format_matrix_pdf.py",
        "tests/io/paths/test_manifest.py",
    ),
    *("tests/upscale/test_tiles.py", "tests/io", "tests/upscalers", "tests/metrics/test_text.py"),
    *("tests/ocr/test_tesseract.py", "--ignore=tests/upscalers/test_torch.py"),
    *("--ignore=tests/upscalers/graph/test_agreement.py", "--ignore=tests/upscalers/graph/test_others.py"),
]
"""The quick tests of what comes without torch."""

OF_NEWER_RUNTIMES = "tests/upscalers/graph/test_operators.py::test_sizes_are_those_of_onnx_runtime"
"""Old versions of ONNX Runtime lack some of these operators; a network that has one fails there with a sentence."""

TRAIN = ["tests/models", "tests/losses", "tests/training", "tests/test_export.py"]
TOOLS = ["pytest>=8.3", "hypothesis>=6.100", "onnx>=1.17", "coverage>=7.6"]

nox.options.envdir = str(WORK / "nox")
nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"
nox.options.sessions = ["artifacts", "metadata", "security", "installed", "from_sdist", "lowest", "lowest_ocrmypdf"]


@nox.session(python=False)
def artifacts(session: nox.Session) -> None:
    """Build wheel (from the source distribution) and look at both."""
    shutil.rmtree(DIST, ignore_errors=True)
    session.run(sys.executable, "-m", "build", "--installer", "uv", "--outdir", str(DIST), silent=True)
    session.run(sys.executable, "-m", "twine", "check", "--strict", *map(str, DIST.iterdir()))
    session.run(sys.executable, "-m", "check_wheel_contents", str(_wheel(session)))
    session.run(sys.executable, "tools/check_release.py", str(DIST))


@nox.session(python=False)
def metadata(session: nox.Session) -> None:
    """Look at the files that speak to other programs."""
    programs = Path(sys.executable).parent
    session.run(str(programs / "cffconvert"), "--validate", "--infile", "CITATION.cff")
    session.run(str(programs / "hadolint"), "Dockerfile")


@nox.session(python=OLDEST)
def security(session: nox.Session) -> None:
    """Look for known faults in docsr (bandit) and in what it is installed with (pip-audit), and list the parts (SBOM).

    Where the service of pip-audit does not answer that is told; in CI (the variable CI is set) it is a failure.
    """
    session.install("--require-hashes", "--requirement", "requirements/security.txt")
    session.run("bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive", "docsr")
    product = WORK / "product"
    session.run("uv", "venv", "--quiet", "--clear", "--python", OLDEST, str(product), external=True)
    python = product / "bin" / "python"
    session.run("uv", "pip", "install", "--python", str(python), f"{_wheel(session)}[ocr,ocrmypdf,heif]", external=True)
    told = [
        "--pyproject",
        "pyproject.toml",
        "--mc-type",
        "library",
        "--output-reproducible",
        "--output-file",
        str(PARTS),
    ]
    session.run("cyclonedx-py", "environment", *told, str(python))
    strict = ["--strict"] if os.environ.get("CI") else []
    session.run("python", "tools/audit.py", "--python", str(python), *strict)


@nox.session(python=PYTHONS)
def installed(session: nox.Session) -> None:
    """Test the installed wheel with the newest dependencies."""
    session.install(f"{_wheel(session)}[ocr,heif]", *TOOLS)
    _test(session, ENHANCE)


@nox.session(python=OLDEST)
def from_sdist(session: nox.Session) -> None:
    """Test the installed wheel with the tests that the source distribution holds."""
    session.install(f"{_wheel(session)}[ocr,heif]", *TOOLS)
    (archive,) = DIST.glob("*.tar.gz")
    unpacked = Path(session.create_tmp()) / "sdist"
    shutil.rmtree(unpacked, ignore_errors=True)
    shutil.unpack_archive(archive, unpacked, filter="data")
    (source,) = unpacked.iterdir()
    _test(session, ENHANCE, source)


@nox.session(python=OLDEST)
def lowest(session: nox.Session) -> None:
    """Test the wheel with the oldest dependencies that pyproject.toml allows."""
    _install_lowest(session, "ocr", "benchmark", "heif")
    more = ["tests/metrics/test_image.py", "tests/metrics/test_bootstrap.py", "tests/bench/test_results.py"]
    _test(session, [*ENHANCE, *more, "--deselect", OF_NEWER_RUNTIMES])


@nox.session(python=OLDEST)
def lowest_ocrmypdf(session: nox.Session) -> None:
    """Test the plugin likewise."""
    _install_lowest(session, "ocr", "ocrmypdf")
    _test(session, ["tests/integrations/test_ocrmypdf.py"])


@nox.session(python=OLDEST)
def lowest_train(session: nox.Session) -> None:
    """Test training likewise; not by default, for it downloads several GB."""
    _install_lowest(session, "ocr", "train")
    _test(session, TRAIN)


def _wheel(session: nox.Session) -> Path:
    found = sorted(DIST.glob("*.whl"))
    if not found:
        session.error("there is no wheel yet: nox --session artifacts")
    return found[0]


def _install_lowest(session: nox.Session, *extras: str) -> None:
    """Install the wheel with the lowest version of each direct dependency, and tell them."""
    versions = WORK / f"{session.name}.txt"
    wanted = [word for extra in extras for word in ("--extra", extra)]
    command = ["uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--resolution", "lowest-direct"]
    session.run(*command, *wanted, "--python-version", OLDEST, "pyproject.toml", "--output-file", str(versions))
    session.install("--requirement", str(versions))
    session.install("--no-deps", str(_wheel(session)))
    session.install("--constraint", str(versions), *TOOLS)


def _test(session: nox.Session, tests: list[str], source: Path = ROOT) -> None:
    """Run tests of ``source`` from a folder that holds them and what they read, but not the package."""
    folder = Path(session.create_tmp()) / "outside"
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("tests", "data", "configs", "contrib"):
        shutil.copytree(source / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(source / "pyproject.toml", folder)
    env = {"OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1", "PYTHONPATH": ""}
    where = "import docsr; assert 'site-packages' in docsr.__file__, docsr.__file__"
    with session.chdir(folder):
        session.run("python", "-c", where, env=env)
        session.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, env=env)
