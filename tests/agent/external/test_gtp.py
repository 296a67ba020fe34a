"""Engines from outside: a good one plays on, and each way to fail loses one game with a reason and no more."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from agent.decision import Forfeit, Terms
from agent.external.gtp import GtpClient, GtpPlayer, gtp_player
from agent.external.player import ExternalPlayer
from agent.external.process import CommandRefused, EngineError
from agent.player import MoveFollower, RandomPlayer
from agent.players import learned_game, make_player
from games import Game, make
from selfplay.game_loop import GameLoop, Start

ENGINE = '''\
"""An engine of tic-tac-toe that takes the first free cell, unless it is told how to fail."""
import sys, time
fault = sys.argv[1] if len(sys.argv) > 1 else ""
cells = [c + r for r in "321" for c in "abc"]
played = []
for line in sys.stdin:
    words = line.split()
    command = words[0] if words else ""
    answer = "="
    if command == "list_commands":
        answer = "= play\\ngenmove" + ("\\nundo" if fault != "no undo" else "")
    elif command == "clear_board":
        played = []
    elif command == "undo":
        played.pop()
    elif command == "play":
        if fault == "refuse":
            answer = "? illegal move"
        played.append(words[2])
    elif command == "genmove":
        if fault == "crash":
            sys.exit("out of luck")
        if fault == "hang":
            time.sleep(60)
        move = next(cell for cell in cells if cell not in played)
        if fault == "occupied" and played:
            move = played[0]
        answer = {"garbage": "hello", "resign": "= resign", "nonsense": "= q99", "refused": "? not today"}.get(fault)
        if fault == "endless":
            while True:
                print("= more")
        if answer is None:
            played.append(move)
            answer = "= " + move.upper()
    print(answer + "\\n", flush=True)
    if command == "quit":
        break
'''


@pytest.fixture
def command(tmp_path: Path) -> str:
    (tmp_path / "engine.py").write_text(ENGINE)
    return f"'{sys.executable}' '{tmp_path / 'engine.py'}'"


@pytest.fixture
def game() -> Game:
    return make("tic_tac_toe")


@pytest.fixture
def engines(command: str, game: Game) -> Iterator[dict[str, GtpPlayer]]:
    """Players by their fault, closed at the end."""
    made: dict[str, GtpPlayer] = {}

    class Made(dict[str, GtpPlayer]):
        def __missing__(self, fault: str) -> GtpPlayer:
            seconds = 0.5 if fault == "hang" else 60
            made[fault] = GtpPlayer(game, f"{command} '{fault}'", num_engines=1, seconds=seconds)
            return made[fault]

    yield Made()
    for each in made.values():
        each.close()


def asked(player: GtpPlayer, *actions: int) -> int:
    """The player's move after ``actions``."""
    player.follow(0, actions)
    player.think(np.array([0]), player.game.new(1), Terms.of(1))
    slots, decisions = player.decide()
    assert slots.tolist() == [0]
    assert decisions.policy[0, decisions.action[0]] == 1
    return int(decisions.action[0])


@pytest.mark.parametrize("fault", ["", "no undo"])
def test_an_engine_follows_any_line(engines: dict[str, GtpPlayer], fault: str) -> None:
    one = engines[fault]
    assert asked(one) == 0
    assert asked(one, 0, 1) == 2
    assert asked(one, 0, 1, 2, 3) == 4
    assert asked(one, 0, 8) == 1  # three moves back and another way on
    assert asked(one, 4) == 0
    assert asked(one, 0, 1, 2, 3) == 4


def test_it_plays_whole_games_in_the_loop(engines: dict[str, GtpPlayer], game: Game) -> None:
    one = engines[""]
    assert isinstance(one, MoveFollower)
    starts = (Start(i, (0, 1) if i % 2 == 0 else (1, 0), (4,)) for i in range(6))
    loop = GameLoop(game, [one, RandomPlayer(game)], starts, num_slots=3, seed=3)
    finished = []
    while len(finished) < 6:
        finished += loop.round()
    for record in finished:
        free = [a for a in range(9) if a != 4]
        for ply, action in enumerate(record.actions.tolist()[1:], 1):
            if (ply % 2 == 0) == (record.id % 2 == 0):
                assert action == free[0]
            free.remove(action)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("crash", "ended .exit code 1. .* out of luck"),
        ("hang", "no reply to 'genmove black' within 0.5 seconds"),
        ("garbage", "'hello'"),
        ("endless", "does not end"),
        ("nonsense", "'q99'"),
        ("refused", "not today"),
        ("resign", "resigned"),
        ("occupied", "A3, which is not legal"),
        ("refuse", "refuses the legal move a3"),
    ],
)
def test_a_failure_costs_one_game(engines: dict[str, GtpPlayer], fault: str, says: str) -> None:
    one = engines[fault]
    for _ in range(2):  # the next game begins with a new engine, which fails anew
        with pytest.raises(Forfeit, match=says) as failure:
            asked(one, 0, 1)
        assert failure.value.slots.tolist() == [0]
        assert not one.waiting


def test_one_engine_fails_and_the_other_slot_goes_on(engines: dict[str, GtpPlayer], game: Game) -> None:
    one, good = engines["crash"], engines[""]
    one.engines = [one.engines[0], good.engines[0]]
    for slot in (0, 1):
        one.follow(slot, [0, 1])
    one.think(np.array([0, 1]), game.new(2), Terms.of(2))
    failed, moved = [], []
    while one.waiting:
        try:
            slots, decisions = one.decide()
            moved += list(zip(slots.tolist(), decisions.action.tolist(), strict=True))
        except Forfeit as failure:
            failed += failure.slots.tolist()
    assert failed == [0]
    assert moved == [(1, 2)]


def test_what_cannot_be_started(game: Game) -> None:
    one = GtpPlayer(game, "no-such-engine --gtp", num_engines=1, seconds=5)
    with pytest.raises(Forfeit, match="'no-such-engine' cannot be started"):
        asked(one)
    one.close()


def test_a_player_from_text(command: str, game: Game) -> None:
    text = f"gtp:seconds=7 engines=2 {command} 'a?b=c@1'"
    assert learned_game(text) is None
    one = make_player(text, game, num_slots=5)
    assert isinstance(one, GtpPlayer)
    assert len(one.engines) == 2
    assert one.engines[0].seconds == 7
    assert one.engines[0].command == f"{command} 'a?b=c@1'"
    with pytest.raises(ValueError, match="reads moves"):
        one.think(np.array([0]), game.new(1), Terms.of(1))
    one.close()


@pytest.mark.parametrize(
    ("text", "says"),
    [("gtp:", "names no engine"), ("gtp:seconds=x y", "seconds is 'x'"), ("gtp:engines=1.5 y", "whole")],
)
def test_texts_that_name_no_engine(game: Game, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        gtp_player(text, game, 1)


def test_a_client_by_itself(command: str) -> None:
    client = GtpClient(f"{command} refused", seconds=60)
    assert client.ask("list_commands").split() == ["play", "genmove", "undo"]
    with pytest.raises(CommandRefused, match="not today"):
        client.ask("genmove b")
    assert client.ask("clear_board") == ""
    client.close()
    with pytest.raises(EngineError, match="ended"):
        client.ask("clear_board")


@pytest.mark.parametrize("kind", ["gtp", "ugi"])
def test_settings_behind_a_question_mark_are_refused(kind: str, game: Game) -> None:
    for end in ("?simulations=5", "?seconds=5", "?", " --fast ?temperature=1&seed=1", ' "a b"?simulations=5'):
        with pytest.raises(ValueError, match=r"takes no settings behind a question mark; seconds=N and engines=N"):
            make_player(f"{kind}:engine{end}", game, num_slots=1)
    for command in ("engine '?'", 'engine "--url=http://x?a=1"', r"engine \?", "'what?' --now"):
        made = make_player(f"{kind}:seconds=5 {command}", game, num_slots=1)
        assert isinstance(made, ExternalPlayer)
        assert made.engines[0].command == command


def test_a_question_mark_in_quotes_reaches_the_engine(tmp_path: Path, game: Game) -> None:
    # The engine waits for the command, because the client drops what an engine says before one.
    script = "import sys\ninput()\nprint('=', *sys.argv[1:], '\\n', flush=True)\ninput()"
    (tmp_path / "tell.py").write_text(script)
    client = GtpClient(f"'{sys.executable}' '{tmp_path / 'tell.py'}' 'a?b=1' \"?\"", seconds=60)
    assert client.ask("name") == "a?b=1 ?"
    client.close()


def test_simulations_are_no_setting_of_an_engine() -> None:
    from honte.api import with_simulations

    with pytest.raises(ValueError, match="gtp:gnugo takes no number of simulations"):
        with_simulations("gtp:gnugo", 5)
