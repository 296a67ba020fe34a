"""The Go Text Protocol, version 2, for every game: its syntax, the session, and its commands.

Start reading at ``command_loop``. ``honte.protocols.gogui`` shows other games to GoGui.
"""
