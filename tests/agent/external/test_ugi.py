"""Engines that speak UGI: honte's own plays whole games from outside, and each way to fail loses one game."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from agent.external.ugi import UgiClient, UgiPlayer, ugi_player
from agent.player import RandomPlayer
from agent.players import learned_game, make_player
from games import Game, make
from selfplay.matches.match import play_match

ENGINE = '''\
"""An engine of tic-tac-toe that takes the first free cell, unless it is told how to fail."""
import sys, time
fault = sys.argv[1]
cells = [c + r for r in "321" for c in "abc"]
moves = []
for line in sys.stdin:
    words = line.split()
    if words[0] == "ugi":
        print("id name first\\noption name x type spin\\nugiok", flush=True)
    elif words[0] == "isready":
        print("readyok", flush=True)
    elif words[0] == "position":
        moves = words[3:]
    elif words[0] == "go":
        if fault == "crash" and len(moves) > 3:
            sys.exit("out of luck")
        if fault == "hang":
            time.sleep(60)
        move = next(cell for cell in cells if cell not in moves)
        print("info nodes 1 pv " + move, flush=True)
        print("bestmove " + {"garbage": "z9", "occupied": (moves + [move])[0]}.get(fault, move), flush=True)
    elif words[0] == "quit":
        break
'''


@pytest.fixture
def game() -> Game:
    return make("tic_tac_toe")


@pytest.fixture
def command(tmp_path: Path) -> str:
    (tmp_path / "engine.py").write_text(ENGINE)
    return shlex.join([sys.executable, str(tmp_path / "engine.py")])


def test_an_engine_plays_whole_games(game: Game, command: str) -> None:
    engine = ugi_player(f"ugi:engines=2 nodes=10 {command} none", game, 4)
    assert [each.limit for each in engine.engines] == ["nodes 10"] * 2
    result = play_match(game, engine, RandomPlayer(game), games=12, opening_plies=1, num_slots=4)
    engine.close()
    assert result.forfeits == ()
    assert result.games == 12
    cells = [game.parse_action(c + r) for r in "321" for c in "abc"]
    for record in result.records:
        seat = record.id % 2
        for ply in range(max(1, record.opening), len(record.actions)):
            if ply % 2 == seat:
                assert record.actions[ply] == next(a for a in cells if a not in record.actions[:ply])


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("crash", "the engine ended"), ("hang", "no reply"), ("garbage", "its best move is"), ("occupied", "not legal")],
)
def test_each_way_to_fail_loses_a_game_with_a_reason(game: Game, command: str, fault: str, reason: str) -> None:
    seconds = 0.5 if fault == "hang" else 60.0
    engine = UgiPlayer(game, f"{command} {fault}", "movetime 50", num_engines=1, seconds=seconds)
    result = play_match(game, engine, RandomPlayer(game), games=2, opening_plies=2, num_slots=1)
    engine.close()
    assert result.games == 2
    assert result.forfeits
    assert all(each.loser == "a" and reason in each.reason for each in result.forfeits)


def test_how_it_is_written(game: Game) -> None:
    assert learned_game("ugi:./engine") is None
    assert isinstance(make_player("ugi:depth=3 ./engine", game, num_slots=1), UgiPlayer)
    for text, sentence in (
        ("ugi:", "names no engine"),
        ("ugi:nodes=0 ./engine", "nodes is"),
        ("ugi:nodes=2.5 ./engine", "whole number"),
        ("ugi:nodes=2 depth=2 ./engine", "one of them is enough"),
    ):
        with pytest.raises(ValueError, match=sentence):
            make_player(text, game, num_slots=1)


def test_a_client_passes_over_what_was_not_asked_for(game: Game, command: str) -> None:
    client = UgiClient(f"{command} none", seconds=60)
    assert client.ask("ugi", "ugiok") == ""
    client.send("position startpos moves b2")
    assert client.ask("go movetime 10", "bestmove") == "a3"
    client.close()
