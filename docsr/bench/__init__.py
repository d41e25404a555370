"""Provide the parts of the benchmark: suites of pages, arms, one measurement, the summary of many, and the reports."""
