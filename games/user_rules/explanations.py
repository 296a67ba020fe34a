"""What compiled rules of a user's raised, as a sentence that names the line.

Knows where explanations come from: Numba's errors, tracebacks, the same rules as plain Python. Does not know any rule.
"""

from __future__ import annotations

from typing import Any, NoReturn

from games.game import Game
from games.user_rules import numba_errors, plain_rules
from games.user_rules.faults import GameFault, told, where


def raise_explained(game: Game, error: Exception, verb: str, *arguments: Any) -> NoReturn:
    """Raise ``error`` from the rules of ``game`` as a ``GameFault``; one of a game that ships stays what it is.

    ``verb`` is what was asked for, with the ``arguments`` of its loop, as they were before it.
    """
    if not game.is_own or isinstance(error, GameFault):
        raise error
    raise _explained(game, error, verb, *arguments) from error


def _explained(game: Game, error: Exception, verb: str, *arguments: Any) -> GameFault:
    of_numba = type(error).__module__.startswith("numba.")
    if of_numba or isinstance(error, AssertionError | NotImplementedError):  # it asserts, too, what it cannot compile
        return GameFault(numba_errors.sentence(error, game.scalar_rules))
    if (place := where(error, game)) is not None:
        return GameFault(f"{place}{told(game, error)}")
    try:
        return plain_rules.replayed(game, verb, *arguments) or GameFault(f"{game.name}: {told(game, error)}")
    except Exception as another:  # the explanation must not hide what it explains
        return GameFault(f"{game.name}: {told(game, error)} ({type(another).__name__}: {another})")
