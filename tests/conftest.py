from __future__ import annotations

import os

# Before anything imports torch or starts Tesseract: tests run side by side, so each keeps to one thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_THREAD_LIMIT", "1")

from hypothesis import settings

# The same examples on every run, and no time limit per example: the machines that run this are shared.
settings.register_profile("docsr", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("docsr")
