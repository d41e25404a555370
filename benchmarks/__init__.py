"""Scripts that measure docsr, try to break it, and publish what was found: `python -m benchmarks.ROOM.SCRIPT`."""
