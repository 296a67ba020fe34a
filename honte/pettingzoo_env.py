"""The old place of ``honte.envs.pettingzoo``; it is imported from here for one more release."""

from honte.envs.pettingzoo import *  # noqa: F403
