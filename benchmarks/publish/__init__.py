"""What is written from committed results: cards, tables, plots, pictures, documents."""
