"""Parse JSON and YAML from outside, escape foreign text for display, and format counts."""
