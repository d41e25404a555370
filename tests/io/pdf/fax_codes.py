"""A coder of fax rows in every way that PDF knows (ITU-T T.4 and T.6): libtiff writes only some of them."""

from __future__ import annotations

import itertools

import numpy as np

from docsr.page import Pixels

END_OF_LINE = "000000000001"
_WHITE = """
00110101 000111 0111 1000 1011 1100 1110 1111 10011 10100 00111 01000 001000 000011 110100 110101 101010 101011 0100111
0001100 0001000 0010111 0000011 0000100 0101000 0101011 0010011 0100100 0011000 00000010 00000011 00011010 00011011
00010010 00010011 00010100 00010101 00010110 00010111 00101000 00101001 00101010 00101011 00101100 00101101 00000100
00000101 00001010 00001011 01010010 01010011 01010100 01010101 00100100 00100101 01011000 01011001 01011010 01011011
01001010 01001011 00110010 00110011 00110100"""
_BLACK = """
0000110111 010 11 10 011 0011 0010 00011 000101 000100 0000100 0000101 0000111 00000100 00000111 000011000 0000010111
0000011000 0000001000 00001100111 00001101000 00001101100 00000110111 00000101000 00000010111 00000011000 000011001010
000011001011 000011001100 000011001101 000001101000 000001101001 000001101010 000001101011 000011010010 000011010011
000011010100 000011010101 000011010110 000011010111 000001101100 000001101101 000011011010 000011011011 000001010100
000001010101 000001010110 000001010111 000001100100 000001100101 000001010010 000001010011 000000100100 000000110111
000000111000 000000100111 000000101000 000001011000 000001011001 000000101011 000000101100 000001011010 000001100110
000001100111"""
"""For runs of 0 to 63."""

_OF_RUNS = tuple(codes.split() for codes in (_WHITE, _BLACK))
_VERTICAL = {0: "1", 1: "011", 2: "000011", 3: "0000011", -1: "010", -2: "000010", -3: "0000010"}


def black_rows(bits: Pixels) -> list[list[int]]:
    """H x W of 0 and 255, W up to 63, as rows in which 1 is black."""
    return [[int(value == 0) for value in row] for row in bits]


def alone(row: list[int]) -> str:
    """A row without regard to the one before it: runs of white and black, by turns."""
    runs = [(colour, len(list(group))) for colour, group in itertools.groupby(row)]
    first = "" if runs[0][0] == 0 else _OF_RUNS[0][0]
    return first + "".join(_OF_RUNS[colour][length] for colour, length in runs)


def _change(row: list[int], start: int, colour: int) -> int:
    """The first place from ``start`` on at which another colour than ``colour`` begins; the end where there is none."""
    return next((place for place in range(max(start, 0), len(row)) if row[place] != colour), len(row))


def beside(row: list[int], above: list[int]) -> str:
    """A row by what has changed since the one above it."""
    code, place, colour, wide = "", -1, 0, len(row)
    while place < wide:
        here = _change(row, place, colour)
        upper = next(
            (at for at in range(place + 1, wide) if above[at] != colour and (at == 0 or above[at - 1] == colour)
             and not (at == 0 and colour == 1)), wide
        )  # fmt: skip
        after = _change(above, upper, 1 - colour) if upper < wide else wide
        if after < here:
            code, place = code + "0001", after
        elif abs(here - upper) <= 3:
            code, place, colour = code + _VERTICAL[here - upper], here, 1 - colour
        else:
            end = _change(row, here, 1 - colour)
            start = max(place, 0)
            code, place = code + "001" + _OF_RUNS[colour][here - start] + _OF_RUNS[1 - colour][end - here], end
    return code


def whole_bytes(code: str) -> str:
    """Filled up with 0."""
    return code + "0" * (-len(code) % 8)


def as_bytes(code: str) -> bytes:
    code = whole_bytes(code)
    return np.packbits(np.array([int(bit) for bit in code], np.uint8)).tobytes()
