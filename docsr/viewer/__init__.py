"""Pages before and after, in one HTML file to look at."""
