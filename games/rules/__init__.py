"""The rules of the games, one file a game, each with a function ``game`` that ``games.make`` calls by name.

``go_rules``, ``gardner_rules`` and ``k_in_a_row`` hold what one or more games need beside their files.
``openspiel`` brings in the games of OpenSpiel.
What every game shares (batches, drawing, checks) lives one folder up, in ``games``.
"""
