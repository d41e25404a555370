"""A written page in Chromium: at both widths, in light and dark, and without a complaint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

SIZES = [(390, 800), (1400, 900)]
WAYS = [
    pytest.param((size, scheme), marks=[] if (size == SIZES[0]) == (scheme == "dark") else pytest.mark.slow)
    for size in SIZES
    for scheme in ("light", "dark")
]
"""Each width and each scheme once by default."""


@contextmanager
def opened(browser: Browser, file: Path, size: tuple[int, int], scheme: Any, **more: Any) -> Iterator[Page]:
    """Open the file; at the end nothing may have been complained of, and nothing asked of a network."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, **more)
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", lambda asked: troubles.append(asked.url[:80]))
    page.on("request", lambda asked: troubles.append(asked.url[:80]) if asked.url.startswith("http") else None)
    page.goto(file.as_uri())
    yield page
    context.close()
    assert not troubles
