"""What docsr takes from the system: names as places, temporary folders, other programs."""
