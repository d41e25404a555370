"""Use the system: paths made from outside names, temporary folders, and other programs."""
