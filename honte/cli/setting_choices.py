"""The settings that were chosen for a game, as text: what ``honte train`` and ``honte describe`` print."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.game_defaults import Choice

WIDEST = 120
"""Columns of the longest line."""


def format_choices(choices: Sequence[Choice]) -> str:
    """A paragraph for each choice, indented by two columns, as wide as the terminal."""
    width = max(40, min(WIDEST, shutil.get_terminal_size().columns)) - 1
    return "\n".join(
        textwrap.fill(str(choice), width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
        for choice in choices
    )


def used_choices(choices: Sequence[Choice], config: TrainConfig) -> list[Choice]:
    """The ``choices`` without the settings that ``config`` has otherwise, since a flag changed them."""
    kept = [
        choice._replace(
            settings={name: value for name, value in choice.settings.items() if _find(config, name) == value}
        )
        for choice in choices
    ]
    return [choice for choice in kept if choice.settings]


def _find(config: Any, name: str) -> Any:
    """The value of the setting with a dotted name. A learning rate that never changes counts as a number."""
    for part in name.split("."):
        config = getattr(config, part)
    return getattr(config, "value", config)
