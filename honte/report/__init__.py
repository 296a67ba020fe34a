"""The report of training runs: one HTML page that needs nothing else.

``run.py`` reads a folder, ``curves.py`` draws from its metrics, ``played.py`` from its games, ``boards.py`` replays a
few of them, ``alarms.py`` says what looks wrong, ``page.py`` puts it together.
Of a run that learned pictures ``classified.py`` tells, and ``inside.py`` of what it learned.
"""
