from __future__ import annotations

import shutil

import pytest


@pytest.fixture(scope="package")
def browser():
    from playwright.sync_api import sync_playwright  # here, so that the tests that need no browser run without it

    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "Chromium is missing: make programs"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()
