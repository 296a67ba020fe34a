"""Environments and bots for other libraries: Gymnasium, its vector environments, PettingZoo and OpenSpiel.

Importing this package registers the Gymnasium ids, such as ``honte/ConnectFour-v0``.
PettingZoo and OpenSpiel are imported only by their own modules.
"""

from honte.envs.gymnasium import GameEnv, ids, observation_space, register

__all__ = ["GameEnv", "ids", "observation_space", "register"]
