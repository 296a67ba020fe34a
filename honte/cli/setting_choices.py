"""The settings that were chosen for a game, as text: what ``honte train`` and ``honte describe`` print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from honte.cli.text_layout import wrap

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.game_defaults import Choice


def format_choices(choices: Sequence[Choice]) -> str:
    """A paragraph for each choice, indented by two columns, as wide as the terminal."""
    return "\n".join(wrap(str(choice), "  ", "    ") for choice in choices)


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
