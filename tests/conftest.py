from __future__ import annotations

import os
import shutil
import signal

# A shell gives its background jobs a SIGINT that is ignored, and programs that the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Before anything imports torch or starts Tesseract: tests run side by side, so each keeps to one thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_THREAD_LIMIT", "1")

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest
from hypothesis import settings

from tests.pairs import make_store

if coverage.Coverage.current() is not None:  # processes that are measured write beside the project
    os.environ.setdefault("DOCSR_SANDBOX", "off")

# The same examples on every run, and no time limit per example: the machines that run this are shared.
settings.register_profile("docsr", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("docsr")


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what is slow
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark as slow the cases that ``slow_except`` does not name, and those that ``slow_but_one_in`` leaves out."""
    by_default: dict[str, set[str]] = {}
    seen: Counter[str] = Counter()
    for item in items:
        thinned = item.get_closest_marker("slow_but_one_in")
        if thinned is not None:
            function = item.nodeid.partition("[")[0]
            if seen[function] % thinned.args[0]:
                item.add_marker(pytest.mark.slow)
            seen[function] += 1
        marker = item.get_closest_marker("slow_except")
        if marker is not None:
            case, function = item.callspec.id, item.nodeid.partition("[")[0]  # type: ignore[attr-defined]
            named = by_default.setdefault(function, set(marker.args))
            if case in marker.args:
                named.discard(case)
            else:
                item.add_marker(pytest.mark.slow)
    unknown = {function: cases for function, cases in by_default.items() if cases}
    if unknown and config.args_source == pytest.Config.ArgsSource.TESTPATHS:  # else not all cases are collected
        raise pytest.UsageError(f"slow_except names cases that do not exist: {unknown}")


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small store of patches of text."""
    return make_store(tmp_path_factory.mktemp("patches") / "store", x_height=24.0)


@pytest.fixture
def on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training tests compare numbers, which a GPU rounds in another way."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, without a window."""
    from playwright.sync_api import sync_playwright  # here, so that the tests that need no browser run without it

    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "Chromium is missing: make programs"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()
