"""Games as the page shows them: which there are, positions as JSON, trees of variations, files."""
