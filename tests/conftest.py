from __future__ import annotations

import os
import signal

# A shell gives its background jobs a SIGINT that is ignored, and programs that the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Before anything imports torch or starts Tesseract: tests run side by side, so each keeps to one thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_THREAD_LIMIT", "1")

from hypothesis import settings

# The same examples on every run, and no time limit per example: the machines that run this are shared.
settings.register_profile("docsr", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("docsr")
