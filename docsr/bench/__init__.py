"""The benchmark: suites of pages, arms, one measurement, what follows from many, and the reports."""
