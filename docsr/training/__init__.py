"""Provide the parts of a training run other than its loop: updates, processes, state, schedule, validation, curves."""
