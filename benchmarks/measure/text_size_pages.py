"""How far is the measured x-height off? Error by kind on the two hundred pages of tests/decide/sized_pages.py.

    python -m benchmarks.measure.text_size_pages [--seed 7]

Prints a table in Markdown: for each kind the number of pages, the median and the worst error (of those where text was
found, over the true x-height) and on how many no text was found. Another seed than 0 draws other pages of these kinds.
"""

from __future__ import annotations

import argparse
import sys
from statistics import median

from docsr.decide.text_size import measure
from tests.decide.sized_pages import KINDS, Sized, pages_of


def row(name: str, pages: list[Sized]) -> str:
    """One row of the table."""
    found = [(measure(page.draw()), page) for page in pages]
    errors = [abs(text.x_height / page.x_height - 1) for text, page in found if text is not None]
    told = f"{100 * median(errors):.1f} | {100 * max(errors):.0f}" if errors else "- | -"
    return f"| {name} | {len(pages)} | {told} | {len(pages) - len(errors)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="of the pages that are drawn (default: %(default)s)")
    pages = pages_of(parser.parse_args().seed)
    sys.stdout.write("| kind | pages | median, % | worst, % | no text |\n|---|---:|---:|---:|---:|\n")
    for kind in KINDS:
        sys.stdout.write(row(kind, [page for page in pages if page.kind == kind]) + "\n")
    sys.stdout.write(row("all", pages) + "\n")


if __name__ == "__main__":
    main()
