"""What honte tells people to type works as printed, and a run knows the file of its game."""

from __future__ import annotations

import io
import re
import shlex
import sys
import warnings
from pathlib import Path

import pytest

from honte.__main__ import main
from honte.command_text import command, game_flag, place
from tests.games.user_rules.own import write

TINY = "--max-samples 200 --network.blocks 1 --network.channels 8 --self-play.num-games 8 --self-play.num-groups 1"
REST = "--learn.first-samples 50 --learn.batch-size 16 --rating.every-minutes 0"


def test_words_are_quoted() -> None:
    assert command("play", "runs/go") == "honte play runs/go"
    if sys.platform != "win32":
        assert command("play", "a b", "--game", "it's.py:game") == """honte play 'a b' --game 'it'"'"'s.py:game'"""
    assert game_flag("connect_four:rows=5") == []
    assert game_flag("my game.py:game") == ["--game", "my game.py:game"]


@pytest.mark.parametrize("name", ["random", "connect_four", "-x"])
def test_a_bare_folder_is_no_other_player(name: str) -> None:
    assert Path(place(name)).parts == (name,)
    assert place(name) != name
    assert place(f"runs/{name}") == f"runs/{name}"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="another shell quotes otherwise")
def test_a_run_of_a_game_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HONTE_UNCHECKED", raising=False)
    (tmp_path / "my games").mkdir()
    text = write(Path("my games"), name="rows of three")
    train = ["train", *f"{TINY} {REST}".split(), "--game"]
    assert main([*train, text]) == 0
    (advice,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("play it:"))
    words = shlex.split(advice.removeprefix("play it:"))
    assert words == ["honte", "play", "runs/rows of three", "--game", "my games/rows of three.py:game"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("quit\n"))
    assert main(words[1:]) == 0
    capsys.readouterr()

    run = words[2]
    for asked in (["play", run], ["match", run, "random"], ["grade", run], ["gtp", run], ["rate", run]):
        assert main(asked) == 2
        said = capsys.readouterr().err
        assert "has learned my games/rows of three.py:game, and a game file runs only where it is named" in said
        assert "add --game 'my games/rows of three.py:game'" in said
    assert main(["report", run]) == 2
    assert "honte report 'runs/rows of three' --game 'my games/rows of three.py:game'" in capsys.readouterr().err

    moved = Path("elsewhere.py")
    Path("my games/rows of three.py").rename(moved)
    assert main(["play", run]) == 2
    assert "add --game with the place where that file is now" in capsys.readouterr().err
    assert main(["match", run, "random", "--game", f"{moved}:game", "--games", "2"]) == 0
    assert main([*train, f"{moved}:game", "--run", run]) == 0  # it goes on, and is finished
    capsys.readouterr()
    changed = Path("changed.py")
    changed.write_text(moved.read_text() + "\n# another game\n")
    assert main(["match", run, "random", "--game", f"{changed}:game", "--games", "2", "--fresh"]) == 2
    assert "it cannot play changed.py:game" in capsys.readouterr().err
    changed.replace(moved)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["match", run, "random", "--game", f"{moved}:game", "--games", "2", "--fresh"]) == 0
    warning = r"^honte: elsewhere\.py has changed since runs/rows of three/checkpoints/\d+ learned it$"
    assert re.search(warning, capsys.readouterr().err, re.MULTILINE)
