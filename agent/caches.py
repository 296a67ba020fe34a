"""Where honte keeps what it would otherwise have to find out again; see ``games.folders``."""

from games.folders import PLACE, folder

__all__ = ["PLACE", "folder"]
