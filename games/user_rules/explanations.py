"""Errors that a user's compiled rules raise, as sentences that name the line.

Knows where an explanation can be found: in Numba's error, in the traceback, or by running the same rules as plain
Python. Does not know any rule.
"""

from __future__ import annotations

from typing import Any, NoReturn

from games.game import Game
from games.user_rules import numba_errors, plain_rules
from games.user_rules.faults import GameFault, describe_error, locate_error


def raise_explained(game: Game, error: Exception, verb: str, *arguments: Any) -> NoReturn:
    """Raise ``error``, which a rule of ``game`` raised, as a ``GameFault``; unchanged for a game that honte ships.

    ``verb`` names the loop that was called, and ``arguments`` are its arguments as they were before the call.
    """
    if not game.is_own or isinstance(error, GameFault):
        raise error
    raise _explained(game, error, verb, *arguments) from error


def _explained(game: Game, error: Exception, verb: str, *arguments: Any) -> GameFault:
    of_numba = type(error).__module__.startswith("numba.")
    if of_numba or isinstance(
        error, AssertionError | NotImplementedError
    ):  # Numba also raises these for code that it cannot compile
        return GameFault(numba_errors.explain(error, game.scalar_rules))
    if (place := locate_error(error, game)) is not None:
        return GameFault(f"{place}{describe_error(game, error)}")
    fault = plain_rules.replay_call(game, verb, *arguments)
    return fault or GameFault(f"{game.name}: {describe_error(game, error)}")
