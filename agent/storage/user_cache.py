"""Where honte keeps what it would otherwise have to find out again; see ``games.cache_folders``."""

from games.cache_folders import PLACE, cache_folder

__all__ = ["PLACE", "cache_folder"]
