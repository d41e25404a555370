"""The benchmark's parts: suites of pages, arms, one measurement, and what follows from many."""
