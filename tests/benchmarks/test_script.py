"""A script ends as the commands of honte do: one sentence and an honest exit code."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import pytest

from benchmarks.script import at_least, even, run_script


def refuse() -> None:
    raise ValueError("the number of games must be even")


def miss_a_file() -> None:
    with open("no/such/file", encoding="utf-8"):
        pass


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("main", "code", "message"),
    [
        (lambda: None, 0, ""),
        (lambda: 3, 3, ""),
        (refuse, 2, "masters: the number of games must be even\n"),
        (miss_a_file, 2, "masters: no/such/file: No such file or directory\n"),
        (interrupt, 130, "\ninterrupted\n"),
    ],
)
def test_exit_codes(
    main: Callable[[], int | None],
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks/masters/__main__.py"])
    monkeypatch.delenv("HONTE_TRACEBACK", raising=False)
    with pytest.raises(SystemExit) as end:
        run_script(main)
    assert end.value.code == code
    assert capsys.readouterr().err == message


def test_a_traceback_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HONTE_TRACEBACK", "1")
    with pytest.raises(ValueError, match="even"):
        run_script(refuse)


def test_a_number_that_is_too_small_is_refused() -> None:
    assert at_least(2)("2") == 2
    with pytest.raises(argparse.ArgumentTypeError, match="1 is less than 2"):
        at_least(2)("1")
    with pytest.raises(ValueError, match="invalid literal"):  # argparse says it in its own words
        at_least(2)("two")


def test_the_games_of_a_match_are_even() -> None:
    assert even("40") == 40
    for text in ("3", "0", "-2"):
        with pytest.raises(argparse.ArgumentTypeError, match=f"{text} is not an even number of 2 or more"):
            even(text)
