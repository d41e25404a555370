"""Define ``docsr models``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from docsr.cli.echo import terminal
from docsr.cli.model_name import ModelName
from docsr.errors import UsageError
from docsr.text.wording import counted

if TYPE_CHECKING:
    from rich.console import Console

    from docsr.weights import ModelCard

_WIDTH = 200
"""Columns of a table; a narrower terminal wraps its lines, and no cell is cut."""


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1, type=ModelName())
def models(names: tuple[str, ...]) -> None:
    """List the shipped networks, and the x-heights at which each helps; NAME prints all measurements of one network.

    Exit code: 0 printed, 2 no such network is shipped.
    """
    from docsr.registry import suggestion
    from docsr.weights import catalogue

    console = terminal(soft_wrap=True, width=_WIDTH)
    cards = catalogue()
    for name in names:
        if name not in cards:
            raise UsageError(f"no network {name!r} is shipped{suggestion(name, cards)}")
    for name in names:
        _print_model(console, cards[name])
    if not names:
        _list_models(console, list(cards.values()))


def _list_models(console: Console, cards: list[ModelCard]) -> None:
    from docsr.choices import MEASURED_ENGINES
    from docsr.decide.decision import auto_range

    if not cards:
        console.print("no network is shipped with this version")
        return
    spans = [heading for engine in MEASURED_ENGINES for heading in (f"helps\n{engine}", "\nauto")]
    rows = []
    for card in cards:
        spans_of = [
            span
            for engine in MEASURED_ENGINES
            for span in (card.x_height_helps.get(engine), auto_range(card.name, engine))
        ]
        size = f"{card.factor}x", f"{card.parameters:,}", f"{card.bytes:,}"
        rows.append([card.name, *size, *(_span(span, card) for span in (card.x_height, *spans_of))])
    _print_table(console, ["\nnetwork", "\nfactor", "\nparameters", "\nbytes", "trained\non", *spans], rows)
    console.print()
    console.print("x-heights in px. trained on: those of the training text. helps: where that engine read")
    console.print("held-out pages better than after bicubic. auto: where --factor auto takes the network for")
    console.print("that engine (--engine).")
    console.print("docsr models NAME: all measurements of a network.")
    console.print("Without a network: none, nearest, bicubic, lanczos (any factor).")


def _print_model(console: Console, card: ModelCard) -> None:
    from docsr.decide.decision import auto_range

    parameters = counted(card.parameters, "parameter")
    console.print(f"[bold]{card.name}[/]: {card.factor}x, {parameters}, {counted(card.bytes, 'byte')}")
    if card.x_height:
        console.print(f"  trained on text of x-heights of {_span(card.x_height, card)} px")
    for engine, helps in card.x_height_helps.items():
        taken = auto_range(card.name, engine)
        auto = f"--factor auto takes it at {_span(taken, card)} px" if taken else "--factor auto takes others"
        console.print(
            f"  {engine}: helps at {_span(helps, card)} px; {auto}" if helps else f"  {engine}: helps nowhere"
        )
    console.print(f"  {card.training_data}")
    if card.results:
        console.print("  errors in percent: CER; words missed of forms, receipts and mixed; hr is the original scan")
        columns = list(card.results[0])
        rows = [["" if row.get(column) is None else str(row[column]) for column in columns] for row in card.results]
        _print_table(console, columns, rows)
    console.print()


def _print_table(console: Console, columns: list[str], rows: list[list[str]]) -> None:
    from rich.table import Column, Table

    table = Table(*(Column(name, min_width=max(map(len, name.split("\n")))) for name in columns), box=None)
    table.padding = 0, 1, 0, 0
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _span(x_height: tuple[float, float] | None, card: ModelCard) -> str:
    """Format a range in px of the scanned page: a fax has finer pixels there than where its network sees it."""
    from docsr.square import STANDARD_FAX

    finer = math.sqrt(STANDARD_FAX) if card.fax else 1.0
    return "-" if x_height is None else "-".join(f"{round(px * finer, 2 if finer == 1 else 1):g}" for px in x_height)
