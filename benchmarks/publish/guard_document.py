"""docs/guard.md, of what benchmarks/measure/guard.py found.

python -m benchmarks.publish.guard_document            # writes it
python -m benchmarks.publish.guard_document --check    # exit code 1 when it says something else
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.publish.tables import table

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "guard.json"
DOCUMENT, PICTURES = ROOT / "docs" / "guard.md", ROOT / "docs" / "guard"

KINDS_OF_PAGES = {
    "texture": "Text over paper fibres and the lines of a banknote",
    "seal": "A round stamp over text",
    "handwriting": "Handwriting, drawn by splines",
    "halftone": "A picture made of dots, 6 px of the page apart (2.5 px in its right half)",
    "cjk": "Chinese, as large as Latin letters of 5 px x-height",
    "music": "Music",
}


def document(told: dict[str, Any]) -> str:
    """Return the whole document."""
    parts = [_head(told), _mistakes(told), _ordinary(told), _times(told), _pages(told)]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(told: dict[str, Any]) -> Iterator[str]:
    networks = ", ".join(f"{name} {digest[:8]}" for name, digest in told["networks"].items())
    networks = textwrap.fill(networks, 120, break_on_hyphens=False)
    yield f"""# The guard

This page says how docsr checks the results of networks, how much of what a network invents it finds, and what it leaves
alone. `{told["command"]}` measures it.
The figures are of docsr {told["docsr"]} on {told["machine"]["processor"]}, with these networks:
{networks}.
All figures but the seconds repeat on the same kind of processor, with the fonts of `make programs`.

docsr reduces the network's result to half the resolution of the page, and compares the two around every pixel. The
result may differ in contrast and be sharper. Any other difference must stay below a bound, which is higher on noisy
pages and highest on those of one bit. Where the difference is larger, or the network lost strokes of the page, docsr
puts the place back to bicubic interpolation. The change fades over a few pixels. The report says how much of the page
was put back (`put_back`).

docsr also puts back dark places (below 90 of 255, in part below 128) with nothing lighter within 8 px, and does not
count them. Examples are a scanner's black surround, the inside of a black area, white text on black, and the shadows of
a photograph. Networks never see such places while they are trained. There they turn black into grey and break letters.

The guard has limits:

- It finds words and letters that are not on the page if the page's own pixels show the difference. It cannot find what
  the page does not show: at an x-height of 4 px, an `e` instead of a `c` differs by less than a scanner's blur does.
- It does not correct a network: a wrong place becomes as blurred as it is on the page.
- What is put back has the page's own contrast. On a scan, its paper is a little greyer than the paper that the network
  whitened around it.
- It tells the fine dots of a printed picture apart only in part; a network may lose a few of them."""


def _mistakes(told: dict[str, Any]) -> Iterator[str]:
    rows, heights = told["mistakes"], sorted({row["x_height"] for row in told["mistakes"]})
    found = {(row["made_low"], row["kind"], row["x_height"]): row for row in rows}
    fewest, most = (of(row["places"] for row in rows) for of in (min, max))
    yield f"""## What is found

The shipped networks do not invent words, so this test makes them do it. At known places, the result is replaced by the
same network's result for a page with another text, in the page's own typeface and on its base line. A place counts as
found if at least half of what differs was put back. The table gives the share of places found, by x-height on the page
in px. Each cell has {fewest} to {most} places, far from one another, in three typefaces and with all networks. *Blank
paper* is a gap in a line.

A *standard_fax* has 204 x 98 dpi, and only the network for faxes is tested. Its x-height is that of the page that this
network sees; `docsr enhance --dry-run` reports 1.4 times as much.
"""
    lines = [
        [low, kind, *(f"{100 * found[low, kind, height]['found']:.0f} %" for height in heights)]
        for low, kind in dict.fromkeys((row["made_low"], row["kind"]) for row in rows)
    ]
    yield table(["made low", "the result shows", *heights], lines)
    yield ""
    yield "Letters at x-heights of 4, 5, 7 and 9 px (scan): LR | network | another letter | with the guard | original"
    yield ""
    yield "![letters](guard/letters.png)"


def _ordinary(told: dict[str, Any]) -> Iterator[str]:
    yield """## What is left alone

The pages hold text in nine typefaces at x-heights of 3 to 12 px, enlarged without inventions. The guard must not touch
them.
"""
    names = "made_low", "network", "pages", "touched"
    rows = [[*(row[name] for name in names), f"{100 * row['most_put_back']:.2f} %"] for row in told["ordinary"]]
    yield table(["made low", "network", "pages", "touched", "most put back"], rows)


def _times(told: dict[str, Any]) -> Iterator[str]:
    yield """## What it costs

The figures are processor seconds for an A4 page of 75 dpi with one thread, medians of one run. The network's time
includes everything around it. The guard was timed where it puts nothing back, and where it must put back everything.
"""
    rows = [
        [row["network"], row["network_seconds"]]
        + [f"{row[name]:.3f} ({100 * row[name] / row['network_seconds']:.1f} %)" for name in ("guard", "guard_all")]
        for row in told["times"]
    ]
    yield table(["network", "its seconds", "guard, nothing put back", "guard, everything put back"], rows)


def _pages(told: dict[str, Any]) -> Iterator[str]:
    yield """## Pages that invite inventions

Each page is drawn by the script at four times the size, then reduced so that letters are about 5 px high. At up to five
places, a network that *invents* sees what stands elsewhere on the same page. The last column is the share of these
inventions that was put back. Two columns have a figure without the guard, and one with it:

- *From the page* is the root mean square difference, in levels of 0-255, between the page and the result reduced to its
  size. A scan has grey ink on grey paper, and networks change that.
- *From the truth* is the same between the result and the original.
"""
    rows = [
        [
            row["page"],
            row["made_low"],
            row["network"] + ", inventing" * row["inventing"],
            f"{100 * row['put_back']:.1f} %",
        ]
        + [f"{row[name]:.1f}, {row[name + '_guarded']:.1f}" for name in ("from_page", "from_truth")]
        + [f"{100 * row['invented_put_back']:.0f} %" if row["inventing"] else ""]
        for row in told["pages"]
    ]
    header = ["page", "made low", "network", "put back", "from the page", "from the truth", "inventions put back"]
    yield table(header, rows)
    yield """
The columns of the pictures (scan, 4x) are: LR | network | with the guard | inventing | with the guard | original"""
    for name, words in KINDS_OF_PAGES.items():
        yield f"\n{words}:\n\n![{name}](guard/{name}.png)"


def main() -> None:
    """Write it, or look whether it is what the results say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    text = document(json.loads(RESULTS.read_text(encoding="utf-8")))
    if not options.check:
        DOCUMENT.write_text(text, encoding="utf-8")
    elif DOCUMENT.read_text(encoding="utf-8") != text:
        sys.exit(f"{DOCUMENT.name} does not say what {RESULTS.name} says: python -m benchmarks.publish.guard_document")


if __name__ == "__main__":
    main()
