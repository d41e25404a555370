"""The rules of the house that a linter does not know."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "docsr"
SOURCES = sorted(PACKAGE.rglob("*.py"))
OTHERS = sorted(path for folder in ("tests", "benchmarks", "data", "tools") for path in (ROOT / folder).rglob("*.py"))
MODULES = sorted(
    path.stem if path.suffix == ".py" else path.name
    for path in PACKAGE.iterdir()
    if (path.suffix == ".py" and not path.stem.startswith("__")) or (path / "__init__.py").is_file()
)

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
MAX_TRACKED_BYTES = 2 * 1024 * 1024


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _split_layers(lines: list[str]) -> list[list[str]]:
    return [[name.strip(" ()") for name in line.split("|")] for line in lines if line.strip()]


def _contract_layers() -> list[list[str]]:
    contracts = _pyproject()["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    return _split_layers(layers)


def _written_layers() -> list[list[str]]:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    block = re.search(r"^```layers\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert block, "ARCHITECTURE.md has no block fenced with ```layers"
    return _split_layers(block[1].splitlines())


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return [ROOT / name for name in listing.stdout.split("\0") if name]


def test_files_stay_readable_in_one_sitting():
    lines = {_name(path): path.read_text(encoding="utf-8").count("\n") for path in [*SOURCES, *OTHERS]}
    assert {name: count for name, count in lines.items() if count > MAX_FILE_LINES} == {}, "split by what parts do"


def test_functions_fit_on_a_screen():
    sizes = {
        f"{_name(path)}, line {node.lineno}, {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in SOURCES
        for node in _functions(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert {name: size for name, size in sizes.items() if size > MAX_FUNCTION_LINES} == {}


def test_architecture_shows_the_layers_that_are_enforced():
    assert _written_layers() == _contract_layers()


def test_every_module_has_a_layer():
    layered = {name for layer in _contract_layers() for name in layer}
    assert set(MODULES) - layered == set()


def test_architecture_names_every_module():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert [module for module in MODULES if not re.search(rf"\b{module}\b", text)] == []


def test_no_tracked_file_is_large():
    sizes = {_name(path): path.stat().st_size for path in _tracked() if path.is_file()}
    assert {name: size for name, size in sizes.items() if size > MAX_TRACKED_BYTES} == {}


def test_setup_py_only_calls_setup():
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    code = [node for node in tree.body if not _is_docstring(node)]
    assert [ast.unparse(node) for node in code] == ["from setuptools import setup", "setup()"]


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_the_version_is_the_one_in_pyproject():
    import docsr

    assert docsr.__version__ == version("docsr") == _pyproject()["project"]["version"]


@pytest.mark.parametrize("module", ["docsr", "docsr.cli", "docsr.batch.run"])
def test_enhance_and_help_never_import_torch(module: str):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
