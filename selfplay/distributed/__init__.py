"""Self-play by actors in other processes: the actor pool, the assignment of games, quarantine and aggregation.

``ray_runner`` is the only file of the project that imports Ray. Self-play in this process is ``selfplay.local_runner``.
"""
