"""New images wait in files until their document is saved."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np

from docsr.io.pdf.spool import Spool


def test_images_are_numbered_and_their_bytes_are_counted():
    with ExitStack() as stack:
        spool = Spool(stack)
        assert spool.written == 0
        random = np.random.default_rng(0)
        images = [spool.keep(random.integers(0, 256, (20, 30), np.uint8), None, 90) for _ in range(2)]
        assert spool.folder is not None
        files = sorted(spool.folder.iterdir())
        assert [int(file.name) for file in files] == [1, 2]
        assert spool.written == sum(file.stat().st_size for file in files)
        assert [image.encoded.data for image in images] == [b"", b""]
    assert not any(file.exists() for file in files)
