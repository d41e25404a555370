"""Experiments in training, and what they need."""
