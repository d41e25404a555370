"""The parts of a training run that are not its loop: state, schedule, validation."""
