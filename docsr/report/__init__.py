"""What a benchmark found, written for machines and for people."""
