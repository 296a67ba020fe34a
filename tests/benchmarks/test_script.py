"""A script ends as the commands of honte do: one sentence and an honest exit code."""

from __future__ import annotations

import pytest

from benchmarks.script import run_script


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
        (lambda: None, None, ""),
        (lambda: 3, 3, ""),
        (refuse, 2, "masters: the number of games must be even\n"),
        (miss_a_file, 2, "masters: no/such/file: No such file or directory\n"),
        (interrupt, 130, "\ninterrupted\n"),
    ],
)
def test_exit_codes(main, code, message, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmarks/masters/__main__.py"])
    monkeypatch.delenv("HONTE_TRACEBACK", raising=False)
    with pytest.raises(SystemExit) as end:
        run_script(main)
    assert end.value.code == code
    assert capsys.readouterr().err == message


def test_a_traceback_on_request(monkeypatch):
    monkeypatch.setenv("HONTE_TRACEBACK", "1")
    with pytest.raises(ValueError, match="even"):
        run_script(refuse)
