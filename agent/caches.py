"""Where honte keeps what it would otherwise have to find out again: ``games.user_cache`` under the name it has here."""

from games.user_cache import PLACE, folder

__all__ = ["PLACE", "folder"]
