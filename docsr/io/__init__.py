"""Files in and out: finding them, reading pages, writing them complete or not at all."""
