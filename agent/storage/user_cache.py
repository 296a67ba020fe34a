"""Where honte keeps what it would otherwise have to find out again; see ``games.cache_folders``."""

from games.cache_folders import PLACE, folder

__all__ = ["PLACE", "folder"]
