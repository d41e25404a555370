"""Write the results of a benchmark for people, as HTML and Markdown."""
