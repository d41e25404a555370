"""The parts of a training run that are not its loop: updates, processes, state, schedule, validation, curves."""
