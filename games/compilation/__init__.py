"""How rules become machine code: loops that apply them to batches, and a cache of compiled code on disk.

Knows Numba. Does not know any rule; ``games.compiled`` makes a game of them.
"""
