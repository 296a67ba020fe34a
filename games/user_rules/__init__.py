"""Rules that a user wrote: tried in plain Python first, compiled with their helpers, and explained where they fail.

The compiled game itself is ``games.compiled``; the conditions that every game must meet are in ``games.check``.
"""
