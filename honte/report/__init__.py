"""The report of training runs: one HTML page that loads no other file.

``run.py`` reads a run of games: ``curves.py`` makes curves of its metrics, ``stored_games.py`` of its games,
``boards.py`` chooses sample games, ``health_checks.py`` looks for typical problems. ``classifier.py`` reads a run of
``honte classify``, ``classifier_inside.py`` shows what its network has learned. ``page.py`` writes the page.
"""
