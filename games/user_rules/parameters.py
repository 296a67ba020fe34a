"""Checks of the parameters of ``from_rules``."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numpy as np

from games.game import MOST_ACTIONS
from games.user_rules.rebuild import python_function


def check_parameters(
    name: Any, state: Any, num_actions: Any, observation_shape: Any, max_plies: Any, rules: dict[str, Any]
) -> None:
    """ValueError for the first parameter that cannot be right."""
    if not isinstance(name, str) or not name:
        raise ValueError(f"name is {name!r}; it must be text")
    if not isinstance(state, np.dtype) or state.names is None:
        raise ValueError(
            f'{name}: state is {state!r}; it must be a NumPy type with fields, such as np.dtype([("to_play", np.int8)])'
        )
    if "to_play" not in state.names:
        raise ValueError(f"{name}: the state's dtype needs a field 'to_play' (0 or 1), so that honte knows who moves")
    if state.hasobject:
        raise ValueError(f"{name}: state has a field of Python objects; fields hold numbers and arrays of numbers")
    if state["to_play"].kind not in "iu" or state["to_play"].shape:
        raise ValueError(
            f"{name}: the field 'to_play' is {state['to_play']}; it must be a whole number, such as np.int8"
        )
    if not _is_whole(num_actions) or not 1 <= num_actions <= MOST_ACTIONS:
        raise ValueError(f"{name}: num_actions is {num_actions!r}; it must be a whole number from 1 to {MOST_ACTIONS}")
    if not _is_whole(max_plies) or max_plies < 0:
        raise ValueError(f"{name}: max_plies is {max_plies!r}; it must be a whole number of at least 0")
    shape = observation_shape
    if not isinstance(shape, tuple | list) or len(shape) != 3 or not all(_is_whole(n) and n > 0 for n in shape):
        raise ValueError(
            f"{name}: observation_shape is {shape!r}; it must be three whole numbers of at least 1:"
            " planes, rows, columns"
        )
    for label, rule in rules.items():
        if not isinstance(python_function(rule), FunctionType):
            raise ValueError(f"{name}: {label} is {rule!r:.80}; it must be a function written with def or lambda")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
