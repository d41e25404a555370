"""What a benchmark found, written for people: HTML and Markdown."""
