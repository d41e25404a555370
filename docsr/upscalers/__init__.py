"""Enlarge grey planes by interpolation or by a network, through one interface."""
