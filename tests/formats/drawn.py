"""What is drawn into the files of every kind: small, alike from no two sides, and of colours that enlarge exactly."""

from __future__ import annotations

import struct

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageDraw

from docsr.page import Pixels

WIDTH, HEIGHT = 72, 56
DPI = (200.0, 100.0)

_TINTS = ((20, -8, -24), (-24, 12, 20))
"""Of the left and the right half, added to grey: inside each the colour stays and only the luminance changes, so that
nearest neighbours give the same pixels whether luminance and colour are enlarged together or apart."""


def _grey() -> Pixels:
    image = Image.new("L", (WIDTH, HEIGHT), 176)
    draw = ImageDraw.Draw(image)
    draw.rectangle((5, 5, 18, 24), fill=44)
    draw.rectangle((26, 5, 60, 10), fill=100)
    draw.ellipse((30, 20, 66, 48), fill=60)
    draw.line((4, 50, 24, 30), fill=52, width=3)
    soft = np.asarray(cv2.GaussianBlur(np.asarray(image), (5, 5), 0), np.uint8)
    return np.asarray(soft // 4 * 4, np.uint8)  # few enough colours for a palette


def _tinted(grey: Pixels) -> Pixels:
    left = (np.arange(WIDTH) < WIDTH // 2)[:, None]
    pixels: Pixels = (grey[..., None].astype(int) + np.where(left, *np.array(_TINTS))).astype(np.uint8)
    return pixels


GREY = _grey()
RGB = _tinted(GREY)
FLAT = _tinted(np.asarray(GREY // 32 * 32 + 16, np.uint8))
"""Likewise in 16 colours at most."""
BITS: Pixels = np.where(GREY < 120, 0, 255).astype(np.uint8)
LEVELS_4: Pixels = np.asarray(GREY // 64 * 85, np.uint8)
LEVELS_16: Pixels = np.asarray(GREY // 16 * 17, np.uint8)

ALPHA: Pixels = np.full(GREY.shape, 255, np.uint8)
ALPHA[:16, :30], ALPHA[40:, 50:] = 0, 128


def on_white(pixels: Pixels, alpha: Pixels) -> Pixels:
    """What is seen of pixels with alpha on white paper."""
    share = alpha[(...,) + (None,) * (pixels.ndim - 2)] / 255
    return np.asarray(np.rint(pixels * share + 255 * (1 - share)), np.uint8)


def ink_of(pixels: Pixels, black: int = 51) -> Pixels:
    """H x W x 4, 255 is full ink: what gives RGB pixels up to 204 when 51 of black are over all."""
    colours = 255 - np.rint(pixels / ((255 - black) / 255))
    return np.asarray(np.dstack([colours, np.full(pixels.shape[:2], black)]), np.uint8)


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _grey_profile() -> bytes:
    """A grey scanner's profile (ICC.1:2001-04): a white point and a gamma of 1.8."""
    text = b"grey, gamma 1.8"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + bytes(1 + 4 + 4 + 2 + 1 + 67)
    contents = {
        b"desc": described + bytes(-len(described) % 4),
        b"cprt": b"text\0\0\0\0none" + bytes(4),
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D),
        b"kTRC": b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(1.8 * 256)),
    }
    table, data, start = struct.pack(">I", len(contents)), b"", 128 + 4 + 12 * len(contents)
    for tag, content in contents.items():
        table += struct.pack(">4sII", tag, start + len(data), len(content))
        data += content
    header = struct.pack(">I4xI4s4s4s", start + len(data), 0x02400000, b"scnr", b"GRAY", b"XYZ ")
    header += struct.pack(">6H4s", 2020, 1, 1, 0, 0, 0, b"acsp").ljust(68 - len(header), b"\0")
    return header + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D).ljust(60, b"\0") + table + data


GREY_PROFILE = _grey_profile()
CMYK_PROFILE = SRGB[:16] + b"CMYK" + SRGB[20:]
