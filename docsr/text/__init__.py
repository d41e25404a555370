"""Text in and out: JSON and YAML from outside, foreign strings as they may be shown, and counts in words."""
