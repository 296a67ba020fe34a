"""Flags: every value reaches its field, every mistake is one sentence, and help says what a flag does."""

from __future__ import annotations

import importlib
import re
from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from agent.settings import Count, Device, Finite, Number, Positive
from honte.__main__ import COMMANDS, main
from honte.cli.field_texts import field_texts
from honte.cli.flag_parser import parse_flags, parse_words
from honte.cli.flags import Argument, OneEach, Placeholder, flags_of
from training.config import TrainConfig
from training.images.training import ImageConfig

pytestmark = pytest.mark.nojit


@dataclass(frozen=True)
class Inner:
    """How things go. More of it."""

    size: Positive = 3  # the size in pixels
    share: Number = 0.5
    bright: bool = True  # whether it is light


@dataclass(frozen=True)
class Everything:
    """Try every kind of flag."""

    first: Annotated[str, Argument("FIRST")]
    """an argument that must be given"""
    rest: Annotated[tuple[Path, ...], Argument("FILE ...")] = ()
    """files"""
    count: Annotated[Count | None, Placeholder("N")] = None
    """a number (default: none)"""
    side: Literal["left", "right"] = "left"
    """a side"""
    on: bool = False
    """a switch"""
    pair: tuple[Finite, Finite] = (0.0, 1.0)
    """two numbers"""
    many: tuple[Positive, ...] = ()
    """any number of numbers (default: none)"""
    steps: tuple[tuple[Count, Number], ...] = ()
    """pairs (default: none)"""
    each: Annotated[tuple[Positive, ...], OneEach("N")] = ()
    """a number (default: none)"""
    shares: dict[str, Number] = field(default_factory=dict)
    """names and numbers (default: none)"""
    device: Device = "auto"
    """where it runs"""
    inner: Inner = field(default_factory=Inner)


def parse(words: str) -> dict[str, Any]:
    found = parse_words(flags_of(Everything), words.split(), "try")
    return {".".join(path): value for path, value in found.items()}


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("a", {"first": "a"}),
        ("a b -3 c", {"first": "a", "rest": (Path("b"), Path("-3"), Path("c"))}),
        ("--count 3 a", {"count": 3, "first": "a"}),
        ("a --count=1e6", {"count": 1_000_000, "first": "a"}),
        ("a --on --side right", {"on": True, "side": "right", "first": "a"}),
        ("a --on --no-on", {"on": False, "first": "a"}),
        ("a --pair -1 -.5", {"pair": (-1.0, -0.5), "first": "a"}),
        ("a --many 1 2 3 --on", {"many": (1, 2, 3), "on": True, "first": "a"}),
        ("--each 1 a", {"each": (1,), "first": "a"}),
        ("--each 1 --each=2 a b", {"each": (1, 2), "first": "a", "rest": (Path("b"),)}),
        ("--many 1 2 -- a", {"many": (1, 2), "first": "a"}),
        ("a --steps 1 0.5 2 0.25", {"steps": ((1, 0.5), (2, 0.25)), "first": "a"}),
        ("a --shares cpu 2 gpu 0.5", {"shares": {"cpu": 2.0, "gpu": 0.5}, "first": "a"}),
        ("a --device cuda:1", {"device": "cuda:1", "first": "a"}),
        ("a --inner.size 4", {"inner.size": 4, "first": "a"}),
        ("a --inner.bright", {"inner.bright": True, "first": "a"}),
        ("a --inner.no-bright", {"inner.bright": False, "first": "a"}),
        ("a --no-inner.bright", {"inner.bright": False, "first": "a"}),
        ("-- --count", {"first": "--count"}),
    ],
)
def test_values_reach_their_fields(words: str, given: dict[str, Any]) -> None:
    assert parse(words) == given


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "FIRST is missing; the usage is: honte try FIRST [FILE ...] [flags]"),
        ("a --count", "--count needs a value: a number (default: none)"),
        ("a --count yes", "--count is 'yes': it must be a whole number from 0 to 2,147,483,647"),
        ("a --count -1", "--count is -1: it must be a whole number from 0 to 2,147,483,647"),
        ("a --count 1.5", "--count is 1.5: it must be a whole number from 0 to 2,147,483,647"),
        ("a --side up", "--side is 'up': it must be left or right"),
        ("a --on=yes", "--on is a switch and takes no value; leave out =yes"),
        ("a --on true", "--on is a switch and takes no value; leave out true"),
        ("a --on=False", "--on is a switch and takes no value; write --no-on to turn it off"),
        (
            "a --inner.bright false",
            "--inner.bright is a switch and takes no value; write --inner.no-bright to turn it off",
        ),
        ("a --pair 1", "--pair needs 2 values: two numbers"),
        ("a --steps 1 2 3", "--steps needs 2 values each time: pairs (default: none)"),
        ("a --many 1 0", "--many is 0: it must be a whole number from 1 to 2,147,483,647"),
        ("a --device gpu", "--device is 'gpu': it must be auto, cpu, cuda, cuda:N, xpu or mps"),
        ("a --cuont 3", "there is no flag --cuont; did you mean --count?"),
        ("a --size 3", "there is no flag --size; did you mean --inner.size?"),
        ("a --xyzzy", "there is no flag --xyzzy; honte try --help lists the flags"),
        ("a -c 3", "there is no flag -c; honte try --help lists the flags"),
        ("a --inner.size 0", "--inner.size is 0: it must be a whole number from 1 to 2,147,483,647"),
    ],
)
def test_a_mistake_is_one_sentence(words: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=rf"^{re.escape(sentence)}$"):
        parse(words)


def test_help_says_how_many_values_a_flag_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_flags(Everything, ["--help"], "try")
    shown = " ".join(capsys.readouterr().out.split())
    assert "--each N a number (default: none); give the flag again for more" in shown
    assert "--many and --steps and --shares take all words up to the next flag or --." in shown


def test_an_argument_too_many_is_named() -> None:
    from honte.cli.commands.runs import RunsFlags

    with pytest.raises(ValueError, match=r"^the argument 'x' is one too many; the usage is: honte runs \[ROOT\] "):
        parse_flags(RunsFlags, ["runs", "x"], "runs")


def test_the_text_of_a_field_is_beside_it() -> None:
    assert field_texts(Inner) == {"size": "the size in pixels", "share": "", "bright": "whether it is light"}
    assert field_texts(Everything)["first"] == "an argument that must be given"
    (size, *_) = (flag for flag in flags_of(Everything) if flag.path[0] == "inner")
    assert (size.name, size.default, size.group) == ("--inner.size", 3, "How things go. More of it")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_says_what_it_does_and_its_default(command: str) -> None:
    module = importlib.import_module(COMMANDS[command][0])
    (kind,) = {
        each for name, each in vars(module).items() if name.endswith("Flags") and each.__module__ == module.__name__
    }
    for flag in flags_of(kind):
        assert flag.text, flag.name
        assert flag.text[0] != " "
        plain = flag.default in (None, MISSING, (), "")
        if plain and not flag.is_switch and not flag.argument:
            assert "(default: " in flag.text, flag.name


@pytest.mark.parametrize("kind", [TrainConfig, ImageConfig])
def test_every_setting_says_what_it_is(kind: type) -> None:
    assert [flag.name for flag in flags_of(kind) if not flag.text] == []


@pytest.mark.parametrize(("command", "lines"), [("train", 24), ("classify", 27)])
def test_the_short_help_fits_one_screen(
    command: str, lines: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([command, "--help"]) == 0
    short = capsys.readouterr().out.splitlines()
    assert len(short) <= lines
    assert max(map(len, short)) <= 80
    assert "--help-all lists" in " ".join(short)
    assert sum(line.startswith("  --") for line in short) == 15
    assert main([command, "--help-all"]) == 0
    everything = capsys.readouterr().out
    assert "adamw|sgd" in everything
    assert len(everything.splitlines()) > 2 * len(short)


def test_the_help_of_a_recipe_shows_its_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "tic_tac_toe", "--help"]) == 0
    assert re.search(r"--network.channels N .*\(default: 32\)", capsys.readouterr().out)
    assert main(["train", "connect_four", "--network.channels", "24", "--help"]) == 0
    assert re.search(r"--network.channels N .*\(default: 24\)", capsys.readouterr().out)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_an_unknown_flag_in_one_sentence(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--sede", "3"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(rf"honte {command}: there is no flag --sede; .*\n", err)
