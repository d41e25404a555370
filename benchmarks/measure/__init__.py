"""What is measured beside the benchmark: times, memory, text size, the guard, digits."""
