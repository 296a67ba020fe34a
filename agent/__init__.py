"""Deciding: networks, evaluators, the search tree, search, players. Knows games, not how to learn."""
