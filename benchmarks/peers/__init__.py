"""Other people's programs beside honte: each plays in a process of its own, all take turns on one core.

Nothing of a peer is part of this project: they are packages of other Pythons, or folders that whoever measures names.
"""
