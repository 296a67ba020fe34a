"""What programs call rules of Go: KataGo's names, its objects and its short form, against the rules that honte plays.

Knows names and fields (KataGo's docs/Analysis_Engine.md and GTP_Extensions.md). Does not know any rule itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from games import Game

ALWAYS = ("tromp-taylor",)
WITHOUT_SUICIDE = ("chinese-kgs", "chinese-ogs")
"""Tromp-Taylor rules without suicide; their bonus for handicap stones has nothing to count here."""

OTHER_NAMES = {"koRule": "ko", "scoringRule": "scoring", "taxRule": "tax", "multiStoneSuicideLegal": "suicide"}
FREE = {"whiteHandicapBonus": ("0", "n", "n-1"), "friendlyPassOk": ("true", "false")}
"""Fields that change nothing here, and what they may say."""

SHORT = re.compile(
    r"ko(?P<ko>[a-z]+)score(?P<scoring>[a-z]+?)tax(?P<tax>[a-z]+?)sui(?P<suicide>[01])"
    r"(button(?P<hasButton>[01]))?(whb(?P<whiteHandicapBonus>0|n-1|n))?(fpok(?P<friendlyPassOk>[01]))?"
    r"(komi(?P<komi>-?[0-9.]+))?",
    re.IGNORECASE,
)


def check_rules(value: Any, game: Game) -> None:
    """ValueError with a sentence where ``value`` names other rules than ``game``, a game of Go, is played by."""
    names = ALWAYS + (() if game.allows_suicide else WITHOUT_SUICIDE)
    if isinstance(value, str):
        if _plain(value) in map(_plain, names):
            return
        value = _fields(value)
    wanted = {"ko": "positional", "scoring": "area", "tax": "none", "hasButton": "false"}
    wanted["suicide"] = str(game.allows_suicide).lower()
    said = (
        f"{game.name} is played by {' or '.join(names)} rules: ko POSITIONAL, scoring AREA, tax NONE,"
        f" suicide {wanted['suicide']}"
    )
    if not isinstance(value, Mapping):
        raise ValueError(f"rules is {str(value)[:64]!r}; {said}")
    for key, given in value.items():
        name = OTHER_NAMES.get(str(key), str(key))
        text = str(given).lower()
        fits = text == wanted[name] if name in wanted else text in FREE.get(name, ())
        if name == "komi":
            fits = given == game.komi
        if not fits:
            raise ValueError(f"rules has {str(key)[:32]} {str(given)[:32]}; {said}")


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()


def _fields(text: str) -> Any:
    """The fields of rules in the short form or in JSON; the text itself where it is neither."""
    if found := SHORT.fullmatch(text.strip()):
        fields: dict[str, Any] = {key: value for key, value in found.groupdict().items() if value is not None}
        for key in {"suicide", "hasButton", "friendlyPassOk"} & set(fields):
            fields[key] = fields[key] == "1"
        if "komi" in fields:
            fields["komi"] = float(fields["komi"]) if re.fullmatch(r"-?\d+(\.\d*)?", fields["komi"]) else fields["komi"]
        return fields
    try:
        return json.loads(text) if text.lstrip().startswith("{") else text
    except (ValueError, RecursionError):
        return text
