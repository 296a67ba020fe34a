"""The Go Text Protocol, version 2, for every game: framing, one conversation, and its commands.

``conversation`` is the entry. GoGui's view of other games is in ``honte.protocols.gogui``.
"""
