"""docs/guard.md, of what benchmarks/measure/guard.py found.

python -m benchmarks.publish.guard_document            # writes it
python -m benchmarks.publish.guard_document --check    # exit code 1 when it says something else
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.publish.tables import table

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "guard.json"
DOCUMENT, PICTURES = ROOT / "docs" / "guard.md", ROOT / "docs" / "guard"

KINDS_OF_PAGES = {
    "texture": "Fibres of paper, and the lines of a banknote, beneath text",
    "seal": "A round stamp over text",
    "handwriting": "Handwriting, drawn by splines",
    "halftone": "A picture in dots, at 6 px of the page from one to the next (2.5 px in its right half)",
    "cjk": "Chinese, as large as Latin letters of 5 px x-height",
    "music": "Music",
}


def document(told: dict[str, Any]) -> str:
    """The whole of it."""
    parts = [_head(told), _mistakes(told), _ordinary(told), _times(told), _pages(told)]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(told: dict[str, Any]) -> Iterator[str]:
    networks = ", ".join(f"{name} {digest[:8]}" for name, digest in told["networks"].items())
    yield f"""# The guard

This page says how docsr checks what a network made, how much of what a network invents it finds, and what it leaves
alone. `{told["command"]}` makes it,
with docsr {told["docsr"]} and its networks ({networks}),
on {told["machine"]["processor"]}. All but the seconds is the same on every machine that has the fonts of
`make programs`.

docsr brings the network's result back to half the resolution of the page, and compares the two around every pixel. The
result may have another contrast and be sharper. Any other difference must stay below a bound, which is higher on noisy
pages and highest on those of one bit. Where the difference is larger, or where the network lost strokes of the page,
docsr puts the place back to bicubic interpolation. The change fades over a few pixels, and the report says how much of
the page was put back (`put_back`).

So is, without being counted, what is dark (below 90 of 255, in part below 128) with nothing lighter within 8 px: a
scanner's surround, the inside of a black area, white text on black, the shadows of a photograph. Networks see no such
patch while they learn, make black grey and break such letters.

The guard finds words and letters that are not on the page when they look otherwise *on the page*. It cannot find what
the page does not tell: an `e` for a `c` of 4 px x-height differs by less than a scanner's blur does. It does not make a
network right; it makes wrong places look as blurred as they are. What is put back has the page's own contrast, so that
on a scan its paper is a little greyer than what the network whitened around it. Fine dots are told apart only in part,
and a network may lose a few on its own."""


def _mistakes(told: dict[str, Any]) -> Iterator[str]:
    rows, heights = told["mistakes"], sorted({row["x_height"] for row in told["mistakes"]})
    found = {(row["made_low"], row["kind"], row["x_height"]): row for row in rows}
    fewest, most = (of(row["places"] for row in rows) for of in (min, max))
    yield f"""## What is found

The shipped networks do not invent words, so they are made to: at known places, the result is replaced by what the same
network makes of a page with another text, in the page's own typeface and on its base line. The table tells at how many
of such places at least half of what differs was put back, by x-height on the page in px; {fewest} to {most} places
each, far from one another, in three typefaces and with all networks. *Blank paper* is a gap in a line. A *standard_fax*
has 204 x 98 dpi, and only the network for faxes is asked. Its x-height here is that of the page that this network sees;
`docsr enhance --dry-run` tells 1.4 times as much.
"""
    lines = [
        [low, kind, *(f"{100 * found[low, kind, height]['found']:.0f} %" for height in heights)]
        for low, kind in dict.fromkeys((row["made_low"], row["kind"]) for row in rows)
    ]
    yield table(["made low", "seen is", *heights], lines)
    yield ""
    yield "Letters at x-heights of 4, 5, 7 and 9 px (scan): LR | network | another letter | with the guard | original"
    yield ""
    yield "![letters](guard/letters.png)"


def _ordinary(told: dict[str, Any]) -> Iterator[str]:
    yield """## What is left alone

Text in nine typefaces at x-heights of 3 to 12 px, enlarged as it is: how many of the pages the guard touches.
"""
    names = "made_low", "network", "pages", "touched"
    rows = [[*(row[name] for name in names), f"{100 * row['most_put_back']:.2f} %"] for row in told["ordinary"]]
    yield table(["made low", "network", "pages", "touched", "most put back"], rows)


def _times(told: dict[str, Any]) -> Iterator[str]:
    yield """## What it costs

Processor time for an A4 page of 75 dpi with one thread, medians of one run: the network with all around it, the guard
where it puts nothing back, and where it must put back everything.
"""
    rows = [
        [row["network"], row["network_seconds"]]
        + [f"{row[name]:.3f} ({100 * row[name] / row['network_seconds']:.1f} %)" for name in ("guard", "guard_all")]
        for row in told["times"]
    ]
    yield table(["network", "its seconds", "the guard's", "where everything is put back"], rows)


def _pages(told: dict[str, Any]) -> Iterator[str]:
    yield """## Pages that invite inventions

Each is drawn by the script at four times the size, and brought down so that letters are about 5 px high. A network that
invents sees, at up to five places, what stands elsewhere on the same page. *From the page* is the root mean square
difference, in levels of 0-255, of the result brought back to the page's size (a scan has grey ink on grey paper, and
networks change that); *from the truth* is that of the result and the original; both without the guard and with it.
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
    header = ["page", "made low", "network", "put back", "from the page", "from the truth", "of the invented, put back"]
    yield table(header, rows)
    yield """
The pictures (scan, 4x): LR | network | the same with the guard | inventing | the same with the guard | original"""
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
