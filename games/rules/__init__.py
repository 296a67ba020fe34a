"""The rules of the games, one file a game, each with a function ``game`` that ``games.make`` calls by name.

``DESCRIPTION`` in each file is what people read about the game. ``kernels`` has the compiled parts of games that one
file cannot hold, ``k_in_a_row`` what two games share, and ``openspiel`` brings in the games of OpenSpiel.
What every game shares (batches, drawing, checks) lives one folder up, in ``games``.
"""
