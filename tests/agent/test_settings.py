"""Every setting and every flag has a range, in its type, and nothing outside of it is taken, wherever it comes from."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import math
import pkgutil
import re
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest

import agent
import games
import honte
import selfplay
import training
from agent import settings
from agent.search.search import SearchConfig
from agent.settings import Pattern, Positive, Range, Settings
from honte.__main__ import COMMANDS
from honte.cli.flags import flags_of
from training.config import TrainConfig, parse_config, to_dict
from training.images.training import ImageConfig
from training.optimization.schedules import Schedule

REQUIRED: dict[type, dict[str, Any]] = {
    TrainConfig: {"game": "tic_tac_toe"},
    ImageConfig: {"dataset": "digits"},
    Schedule: {"value": 0.1},
}


def modules() -> Iterator[types.ModuleType]:
    """All of ours but the one that needs Ray."""
    for package in (games, agent, selfplay, training, honte):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith(("__main__", "ray_runner", "openspiel_bot", "openspiel", "pettingzoo_env")):
                yield importlib.import_module(found.name)


def all_below(kind: type) -> set[type]:
    found = {each for each in kind.__subclasses__() if not each.__module__.startswith("test_")}
    return found.union(*map(all_below, found))


def kinds() -> list[type]:
    """Every configuration there is; the modules are imported first."""
    list(modules())
    return sorted(all_below(Settings), key=lambda kind: kind.__name__)


def flags() -> list[type]:
    """The dataclass of each command's flags."""
    found = []
    for place, _ in COMMANDS.values():
        module = importlib.import_module(place)
        found += [
            getattr(module, name) for name in re.findall(r"parse_flags\((\w+), arguments", inspect.getsource(module))
        ]
    return found


def leaves(hint: Any) -> Iterator[tuple[Any, list[Any]]]:
    """The innermost types of a field, each with its constraints."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated and any(isinstance(mark, Range | Pattern) for mark in inner[1:]):
        yield inner[0], [mark for mark in inner[1:] if isinstance(mark, Range | Pattern)]
    elif origin is Annotated:
        yield from leaves(inner[0])
    elif origin in (Union, types.UnionType, tuple):
        for each in inner:
            if each not in (Ellipsis, type(None)):
                yield from leaves(each)
    elif origin is dict:
        yield from leaves(inner[1])
    else:
        yield hint, []


def wrong(hint: Any) -> list[Any]:
    """Values that no field of this type may have."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated and not any(isinstance(mark, Range | Pattern) for mark in inner[1:]):
        return wrong(inner[0])
    if origin in (Union, types.UnionType):
        return [value for value in wrong(next(each for each in inner if each is not type(None))) if value is not None]
    if origin is tuple:
        size = 1 if inner[-1] is Ellipsis else len(inner)
        return [(value,) * size for value in wrong(inner[0])] + [wrong(inner[0])[0]]
    if origin is dict:
        return [{"name": value} for value in wrong(inner[1])] + [{3: 1.0}, 3]
    if origin is Literal:
        return ["nothing of this kind", 1, True, None, math.nan]
    if dataclasses.is_dataclass(hint):
        return [None, 3, "text", {"a": 1}, [1], True]
    if hint is bool:
        return [0, 1, 1.0, "yes", "true", None, math.nan]
    if hint is str:
        return [0, 1.5, True, None, math.nan, ("a",)]
    ((base, marks),) = leaves(hint)
    if base is str:
        return ["", "\n", "no such thing", 3, True, None]
    (mark,) = marks
    values = [math.nan, math.inf, -math.inf, True, False, "1", "many", None, [1], 10**400, -(10**400), 1j]
    step = 1 if base is int else 1e-6 * max(1, abs(mark.low), abs(mark.high))
    values += [mark.low if mark.above else mark.low - step, mark.high if mark.below else mark.high + step]
    values += [mark.low + 1] if mark.even else []
    return values + ([1.5] if base is int else [])


def right(hint: Any, default: Any) -> list[Any]:
    """Values at both ends of a number's range."""
    ((base, marks),) = list(leaves(hint)) if get_origin(hint) is Annotated else [(None, [])]
    if base not in (int, float) or not marks or not isinstance(marks[0], Range):
        return [default]
    (mark,) = marks
    step = 1 if base is int else 1e-3
    low, high = mark.low + step * mark.above, mark.high - step * mark.below
    return [base(low), base(high) - base(high) % 2 if mark.even else base(high)]


def made(kind: type, /, **over: Any) -> Any:
    return kind(**{**REQUIRED.get(kind, {}), **over})


def test_every_configuration_is_met() -> None:
    """Those that the two kinds of run are made of, at least, and every dataclass called so."""
    found = set(kinds())
    below: set[type] = set()
    todo: list[Any] = [TrainConfig, ImageConfig]
    while todo:
        below.add(kind := todo.pop())
        todo += [hint for hint in settings.hints(kind).values() if dataclasses.is_dataclass(hint)]
    assert below == found
    for module in modules():
        for name, each in vars(module).items():
            if isinstance(each, type) and dataclasses.is_dataclass(each) and name.endswith("Config"):
                assert each in found, f"{name} is no Settings: its values are not checked"


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: str(kind.__name__))
def test_no_value_outside_of_its_range_is_taken(kind: type) -> None:
    default = made(kind)
    for name, hint in settings.hints(kind).items():
        for base, marks in leaves(hint):
            assert marks or base not in (int, float), f"{kind.__name__}.{name} has no range"
        for value in wrong(hint):
            with pytest.raises(ValueError, match=rf"{name} is .*: it must be ") as caught:
                made(kind, **{name: value})
            assert "\n" not in str(caught.value)
            with pytest.raises(ValueError, match=rf"{name} is .*must be "):
                dataclasses.replace(default, **{name: value})


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: str(kind.__name__))
def test_both_ends_of_a_range_belong_to_it(kind: type) -> None:
    default = made(kind)
    for name, hint in settings.hints(kind).items():
        for value in right(hint, getattr(default, name)):
            assert settings.fits(hint, value), (name, value)


def paths(kind: type, above: str = "") -> Iterator[tuple[str, Any]]:
    for name, hint in settings.hints(kind).items():
        if dataclasses.is_dataclass(hint) and hint is not Schedule:
            yield from paths(hint, f"{above}{name}.")
        yield f"{above}{name}", hint


def nested(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)


@pytest.mark.parametrize("kind", [TrainConfig, ImageConfig])
def test_a_file_gives_every_wrong_setting_its_full_name(kind: type) -> None:
    required = REQUIRED[kind]
    for path, hint in paths(kind):
        for value in wrong(hint):
            if isinstance(value, dict | int | float) and not isinstance(value, bool) and hint is Schedule:
                continue  # its short form, or a group of its own
            value = list(value) if isinstance(value, tuple) else value
            with pytest.raises(ValueError, match=rf"setting {path}\S* (is|needs) ") as caught:
                parse_config({**required, **nested(path, value)}, kind)
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [TrainConfig, ImageConfig])
def test_what_was_written_is_read_again(kind: type) -> None:
    config = made(kind)
    assert parse_config(to_dict(config), kind) == config


@pytest.mark.parametrize("kind", flags(), ids=lambda kind: str(kind.__name__))
def test_no_flag_takes_a_number_outside_of_its_range(kind: type) -> None:
    for flag in flags_of(kind):
        for part in flag.parts:
            for base, marks in leaves(part):
                assert marks or base not in (int, float), f"{kind.__name__}.{flag.name} has no range"
                if marks and isinstance(marks[0], Range):
                    for word in {str(value) for value in wrong(part) if not isinstance(value, str)}:
                        with pytest.raises(ValueError, match=r"^(--)?[\w-]+ is .*: it must be "):
                            flag.read([word] * len(flag.parts))


def test_flags_are_met() -> None:
    assert len(flags()) >= 10
    assert {"MatchFlags", "BenchFlags", "PlayFlags", "AnalyzeFlags"} <= {kind.__name__ for kind in flags()}


def test_a_number_without_a_range_is_refused_at_once() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Forgetful(Settings):
        size: int = 3

    try:
        with pytest.raises(TypeError, match="has no range"):
            Forgetful()
    finally:
        del Forgetful


def test_the_sentence_says_what_would_be_right() -> None:
    with pytest.raises(ValueError, match=r"^search\.leaves is 0: it must be a whole number from 1 to 1,024$"):
        SearchConfig(leaves=0)
    with pytest.raises(ValueError, match=r"^search\.rule is 'foo': it must be gumbel, puct or uct$"):
        SearchConfig(rule="foo")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"seed is True: .*true is not a number \(YAML reads yes and on as true"):
        parse_config({"game": "x", "seed": True})
    assert settings.words(Annotated[float, Range(0, 1, above=True, below=True)]) == "a number above 0 and below 1"
    pair = tuple[settings.Positive, settings.Fraction]
    assert settings.words(pair) == "a list of 2: a whole number from 1 to 2,147,483,647, then a number from 0 to 1"


def test_a_million_may_be_written_as_1e6_in_a_file() -> None:
    assert parse_config({"game": "x", "max_samples": 1e6}).max_samples == 1_000_000
    with pytest.raises(ValueError, match=r"max_samples is 1\.5"):
        parse_config({"game": "x", "max_samples": 1.5})


def test_numbers_of_numpy_are_numbers() -> None:
    import numpy as np

    assert SearchConfig(leaves=np.int64(3)).leaves == 3  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"search\.leaves is "):
        SearchConfig(leaves=np.bool_(True))  # type: ignore[arg-type]
    assert settings.refusal(Positive, np.int64(0)) is not None
