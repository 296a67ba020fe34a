"""The rules of the games, one file a game, each with a function ``game`` that ``games.make`` calls by name.

``go_rules``, ``gardner_rules`` and ``k_in_a_row`` hold what a game needs beside its file.
``openspiel`` brings in the games of OpenSpiel.
What every game shares (batches, drawing, checks) lives one folder up, in ``games``.
"""
