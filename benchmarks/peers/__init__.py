"""honte compared with other programs: each plays in a process of its own, and all take turns on one core.

The other programs are not part of the project: they are packages of other Pythons, or folders that the user names.
"""
