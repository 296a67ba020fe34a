"""A match on disk: every game is stored once, whatever was lost, and another match is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agent.player import RandomPlayer
from games import Game, make
from selfplay.matches.match import MatchResult, play_match
from selfplay.matches.match_store import AGREEMENT, GAMES, RESULT, MatchStore, file_name, move_aside
from selfplay.matches.sprt import Sprt

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def game() -> Game:
    return make("tic_tac_toe")


def play(game: Game, folder: Path, games: int, **agreement: Any) -> MatchResult:
    with MatchStore(folder, game, ("x", "y"), {"seed": 1} | agreement) as store:
        return play_match(game, RandomPlayer(game), RandomPlayer(game), games=games, seed=1, folder=store, num_slots=4)


def lines(result: MatchResult) -> list[list[int]]:
    return [record.actions.tolist() for record in result.records]


def ids(folder: Path) -> list[int]:
    return [json.loads(line)["id"] for line in (folder / GAMES).read_bytes().splitlines()]


def test_a_match_is_resumed(game: Game, tmp_path: Path) -> None:
    whole = play(game, tmp_path / "whole", 30)
    play(game, tmp_path / "parts", 12)
    rest = play(game, tmp_path / "parts", 30)
    assert lines(rest) == lines(whole)
    assert rest.pairs == whole.pairs
    assert sorted(ids(tmp_path / "parts")) == list(range(30))
    before = (tmp_path / "parts" / GAMES).read_bytes()
    assert lines(play(game, tmp_path / "parts", 30)) == lines(whole)
    assert (tmp_path / "parts" / GAMES).read_bytes() == before


def test_games_beyond_those_asked_for_are_not_counted(game: Game, tmp_path: Path) -> None:
    whole = play(game, tmp_path, 12)
    before = (tmp_path / GAMES).read_bytes()
    assert lines(play(game, tmp_path, 8)) == lines(whole)[:8]
    assert (tmp_path / GAMES).read_bytes() == before


def test_a_test_that_ended_is_not_played_on(game: Game, tmp_path: Path) -> None:
    test = Sprt(elo0=200, elo1=500)
    results: list[Any] = []
    for _ in range(2):
        with MatchStore(tmp_path, game, ("x", "y"), {"seed": 1}) as store:
            players = RandomPlayer(game), RandomPlayer(game)
            results.append(play_match(game, *players, games=200, seed=1, folder=store, num_slots=4, sprt=test))
        results.append((tmp_path / GAMES).read_bytes())
    first, stored, again, stored_again = results
    assert first.verdict == again.verdict == "H0"
    assert first.games == again.games < 200
    assert stored == stored_again


def test_incomplete_damaged_and_repeated_games_are_played_again(game: Game, tmp_path: Path) -> None:
    whole = play(game, tmp_path, 20)
    path = tmp_path / GAMES
    good = path.read_bytes().splitlines(keepends=True)
    illegal = json.loads(good[2]) | {"actions": [0, 0, 1], "moves": []}
    wrong = json.loads(good[3])
    wrong["outcome"] = 1 if wrong["outcome"] != 1 else -1
    bad = [json.dumps(illegal).encode() + b"\n", json.dumps(wrong).encode() + b"\n", b"\x00nonsense\n", b"[]\n"]
    path.write_bytes(b"".join([*good[:2], *bad, *good[4:10], good[5], good[11][:40]]))
    with MatchStore(tmp_path, game, ("x", "y"), {"seed": 1}) as store:
        assert len(store.notes) == 6
        assert len(store.records) == 8
    assert lines(play(game, tmp_path, 20)) == lines(whole)
    assert sorted(ids(tmp_path)) == list(range(20))


def test_another_match_is_refused(game: Game, tmp_path: Path) -> None:
    play(game, tmp_path, 4)
    with pytest.raises(ValueError, match=r"holds another match: seed is 1 there and 2 now"):
        play(game, tmp_path, 4, seed=2)
    with (
        MatchStore(tmp_path, game, ("x", "y"), {"seed": 1}),
        pytest.raises(ValueError, match="in use by process"),
    ):
        play(game, tmp_path, 4)
    assert move_aside(tmp_path / "nothing") is None


def test_a_folder_that_cannot_be_continued_is_refused_in_one_sentence(game: Game, tmp_path: Path) -> None:
    play(game, tmp_path, 2)
    stored = {"schema": 1, "game": "tic_tac_toe", "seed": 1}
    agreement = tmp_path / AGREEMENT
    assert json.loads(agreement.read_bytes()) == stored
    for text, sentence in (
        (json.dumps(stored | {"schema": 2}), "has schema 2, this version reads 1: upgrade honte"),
        (json.dumps(stored | {"openings": 4}), "holds another match: openings is 4 there and None now"),
        ('{"game": "tic_tac_toe"}', r"match\.json is damaged: it is not the agreement of a match"),
        ("{", r"match\.json is damaged: it is not the agreement of a match"),
    ):
        agreement.write_text(text)
        with pytest.raises(ValueError, match=sentence):
            play(game, tmp_path, 2)
    agreement.unlink()
    with pytest.raises(ValueError, match=r"has games\.jsonl but no match\.json; choose another folder"):
        play(game, tmp_path, 2)
    agreement.write_text(json.dumps(stored))
    assert play(game, tmp_path, 2).games == 2  # a refused folder is not locked


def test_the_result_is_stored_and_files_of_a_crash_go(game: Game, tmp_path: Path) -> None:
    leftover = tmp_path / ".match.json.0123456789abcdef.tmp"  # of a process that died while it wrote the file
    leftover.write_bytes(b"{")
    with MatchStore(tmp_path, game, ("x", "y"), {"seed": 1}) as store:
        assert not leftover.exists()
        store.write_result({"elo": 12.5, "games": 2})
    assert json.loads((tmp_path / RESULT).read_bytes()) == {"elo": 12.5, "games": 2}


def test_a_stored_game_names_its_players_by_seat(game: Game, tmp_path: Path) -> None:
    play(game, tmp_path, 6)
    rows = [json.loads(line) for line in (tmp_path / GAMES).read_bytes().splitlines()]
    assert {row["id"]: row["players"] for row in rows} == {
        id: ["x", "y"] if id % 2 == 0 else ["y", "x"] for id in range(6)
    }


def test_a_match_that_is_played_does_not_move_aside(game: Game, tmp_path: Path) -> None:
    with (
        MatchStore(tmp_path, game, ("x", "y"), {"seed": 1}),
        pytest.raises(ValueError, match=r"in use by process \d+ on .*: stop it before --fresh"),
    ):
        move_aside(tmp_path)
    assert (tmp_path / AGREEMENT).exists()


def test_a_match_moves_aside(game: Game, tmp_path: Path) -> None:
    play(game, tmp_path / "match", 4)
    assert move_aside(tmp_path / "match") == tmp_path / "match.1"
    play(game, tmp_path / "match", 4, seed=2)
    assert move_aside(tmp_path / "match") == tmp_path / "match.2"


def test_names_of_folders() -> None:
    assert file_name("runs/connect_four@1200?simulations=5") == "connect_four@1200_simulations_5"
    assert file_name("gtp:/usr/games/gnugo --mode gtp") == "gnugo___mode_gtp"
    assert file_name("..") == "player"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_sigkill_loses_and_repeats_no_game(tmp_path: Path) -> None:
    """Killed three times at some moment, the match ends with the very games of one that was never stopped."""
    words = [sys.executable, "-m", "honte", "match", "mcts:100", "mcts:50", "--game", "tic_tac_toe", "--games", "600"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    seen: list[int] = []
    for wanted in (40, 160, 320):
        process = subprocess.Popen(
            [*words, "--out", "killed", "--json"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE
        )
        path, deadline = tmp_path / "killed" / GAMES, time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            if path.exists() and path.read_bytes().count(b"\n") >= wanted:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.002)
        process.communicate()
        seen.append(path.read_bytes().count(b"\n"))
    assert seen == sorted(seen)
    results = []
    for out in ("killed", "whole"):
        done = subprocess.run(
            [*words, "--out", out, "--json"], cwd=tmp_path, env=environment, capture_output=True, check=True
        )
        results.append(json.loads(done.stdout) | {"folder": ""})
        assert sorted(ids(tmp_path / out)) == list(range(600))
    assert results[0] == results[1]
    games = [sorted((tmp_path / out / GAMES).read_bytes().splitlines()) for out in ("killed", "whole")]
    assert games[0] == games[1]
