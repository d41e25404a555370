"""The table of docs/how-it-decides.md: how often the script of a page is mistaken (benchmarks.measure.script)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.publish.committed import RESULTS, ROOT
from benchmarks.publish.tables import filled, table
from docsr.decide.script import NETWORK
from docsr.io.paths.manifest import sha256_of
from docsr.languages import LATIN, script_name

PAGE = ROOT / "docs" / "how-it-decides.md"
MEASURED = RESULTS / "script.json"

SETS = {
    "dev": "old books, forms, receipts: as they are, or lowered to 75 and 60 dpi",
    "native": "typewritten pages, scanned low",
    "languages": "typeset, 75 and 60 dpi",
}
"""Sets of the results, in words."""


def script_page() -> dict[Path, str]:
    """The page with its table."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    if measured["network"] != sha256_of(NETWORK):
        raise SystemExit(f"{MEASURED} is of another network than {NETWORK.name}: run benchmarks.measure.script")
    return {PAGE: filled(PAGE.read_text(encoding="utf-8"), "scripts", scripts_table(measured["summary"]))}


def scripts_table(groups: list[dict[str, Any]]) -> str:
    """A row for each set and script, Latin first."""
    counts: dict[tuple[bool, str, str], list[int]] = {}
    for group in groups:
        key = group["script"] != LATIN, group["set"], script_name(group["script"])
        count = counts.setdefault(key, [0, 0])
        count[0] += group["pages"]
        count[1] += group["wrong"]
    rows = [
        [script, SETS[name], pages, f"{wrong} taken for Latin" if other and wrong else wrong]
        for (other, name, script), (pages, wrong) in sorted(counts.items())
    ]
    return table(["script", "pages", "n", "wrong"], rows)
