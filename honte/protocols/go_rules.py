"""Checks that rules of Go in KataGo's notation (a name, an object or the short form) are those that honte plays.

Knows names and fields (KataGo's docs/Analysis_Engine.md and GTP_Extensions.md). Does not know how Go is played.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from games import Game

NAMES = ("tromp-taylor",)
NAMES_WITHOUT_SUICIDE = ("chinese-kgs", "chinese-ogs")
"""More names of the rules without suicide. These differ from Tromp-Taylor only in a bonus for handicap stones."""

FIELD_NAMES = {"koRule": "ko", "scoringRule": "scoring", "taxRule": "tax", "multiStoneSuicideLegal": "suicide"}
IGNORED_FIELDS = {"whiteHandicapBonus": ("0", "n", "n-1"), "friendlyPassOk": ("true", "false")}
"""Fields that make no difference to honte, with the values that they may have."""

SHORT_FORM = re.compile(
    r"ko(?P<ko>[a-z]+)score(?P<scoring>[a-z]+?)tax(?P<tax>[a-z]+?)sui(?P<suicide>[01])"
    r"(button(?P<hasButton>[01]))?(whb(?P<whiteHandicapBonus>0|n-1|n))?(fpok(?P<friendlyPassOk>[01]))?"
    r"(komi(?P<komi>-?[0-9.]+))?",
    re.IGNORECASE,
)


def check_rules(value: Any, game: Game) -> None:
    """ValueError where ``value`` names other rules than those of ``game``, a game of Go."""
    names = NAMES + (() if game.allows_suicide else NAMES_WITHOUT_SUICIDE)
    if isinstance(value, str):
        if _normalized(value) in map(_normalized, names):
            return
        value = _parse_fields(value)
    wanted = {"ko": "positional", "scoring": "area", "tax": "none", "hasButton": "false"}
    wanted["suicide"] = str(game.allows_suicide).lower()
    expected = (
        f"the rules of {game.name} are {' or '.join(names)}: ko POSITIONAL, scoring AREA, tax NONE,"
        f" suicide {wanted['suicide']}"
    )
    if not isinstance(value, Mapping):
        raise ValueError(f"rules is {str(value)[:64]!r}; {expected}")
    for key, field in value.items():
        name = FIELD_NAMES.get(str(key), str(key))
        text = str(field).lower()
        fits = text == wanted[name] if name in wanted else text in IGNORED_FIELDS.get(name, ())
        if name == "komi":
            fits = field == game.komi
        if not fits:
            raise ValueError(f"rules has {str(key)[:32]} {str(field)[:32]}; {expected}")


def _normalized(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()


def _parse_fields(text: str) -> Any:
    """The fields of rules in the short form or in JSON; the text itself if it is neither."""
    if match := SHORT_FORM.fullmatch(text.strip()):
        fields: dict[str, Any] = {key: value for key, value in match.groupdict().items() if value is not None}
        for key in {"suicide", "hasButton", "friendlyPassOk"} & set(fields):
            fields[key] = fields[key] == "1"
        if "komi" in fields:
            fields["komi"] = float(fields["komi"]) if re.fullmatch(r"-?\d+(\.\d*)?", fields["komi"]) else fields["komi"]
        return fields
    try:
        return json.loads(text) if text.lstrip().startswith("{") else text
    except (ValueError, RecursionError):
        return text
