"""The old place of ``honte.envs.openspiel_bot``; it is imported from here for one more release."""

from honte.envs.openspiel_bot import *  # noqa: F403
