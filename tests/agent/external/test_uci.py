"""Engines that speak UCI: they must know the game, each way to fail loses one game, and real ones play by our rules."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from agent.external.process import CommandRefused
from agent.external.uci import UciEngine, UciPlayer, legal_moves, uci_player
from agent.player import RandomPlayer
from agent.players import learned_game, make_player
from benchmarks.uci_moves import FAIRY_STOCKFISH, compare
from games import Game
from games.playouts import random_positions
from selfplay.matches.match import play_match
from tests.games.made import made

ENGINE = '''\
"""An engine of breakthrough that moves the first piece it finds, unless told how to fail; it logs what it hears."""
import sys, time
fault = sys.argv[1]
rows = {"w": {c + r for r in "12" for c in "abcdefgh"}, "b": {c + r for r in "78" for c in "abcdefgh"}}
moves = []
log = open(sys.argv[2], "a")
for line in sys.stdin:
    print(line.strip(), file=log, flush=True)
    words = line.split()
    if words[0] == "uci":
        variants = "chess" if fault == "chess" else "chess var breakthrough"
        print("id name first\\n\\noption name Clear Hash type button\\noption name Threads type spin default 1")
        print(f"option name UCI_Variant type combo default chess var {variants}\\nuciok", flush=True)
    elif words[0] == "isready":
        print("readyok", flush=True)
    elif words[0] == "position":
        moves = words[3:]
    elif words[0] == "go":
        if fault == "crash" and len(moves) > 3:
            sys.exit("out of luck")
        if fault == "hang":
            time.sleep(60)
        own, other = set(rows["w"]), set(rows["b"])
        for number, move in enumerate(moves):
            side, rest = (own, other) if number % 2 == 0 else (other, own)
            side.remove(move[:2])
            side.add(move[2:])
            rest.discard(move[2:])
        if len(moves) % 2:
            own, other = other, own
        up = -1 if len(moves) % 2 else 1
        steps = [a + n + b + str(int(n) + up) for a, n in sorted(own) for b in (chr(ord(a) - 1), a, chr(ord(a) + 1))]
        free = [s for s in steps if "a" <= s[2] <= "h" and s[2:] not in own]
        move = next(s for s in free if s[0] != s[2] or s[2:] not in other)
        print("info depth 1 nodes 1 pv " + move, flush=True)
        print("bestmove " + {"garbage": "(none)", "backwards": move[2:] + move[:2]}.get(fault, move), flush=True)
    elif words[0] == "quit":
        break
'''

needs_fairy_stockfish = pytest.mark.skipif(
    not Path(FAIRY_STOCKFISH).is_file(), reason="Fairy-Stockfish is not installed; apt install fairy-stockfish"
)


@pytest.fixture
def game() -> Game:
    return made("breakthrough")


@pytest.fixture
def command(tmp_path: Path) -> str:
    (tmp_path / "engine.py").write_text(ENGINE)
    return shlex.join([sys.executable, str(tmp_path / "engine.py")])


def test_an_engine_plays_whole_games_and_begins_each_anew(game: Game, command: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    engine = uci_player(f"uci:engines=1 nodes=10 {command} none {log}", game, 1)
    result = play_match(game, engine, RandomPlayer(game), games=4, opening_plies=2, num_slots=1)
    engine.close()
    assert result.forfeits == ()
    heard = log.read_text().splitlines()
    assert heard[:4] == [
        "uci",
        "setoption name Threads value 1",
        "setoption name UCI_Variant value breakthrough",
        "ucinewgame",
    ]
    assert heard.count("ucinewgame") == heard.count("setoption name Clear Hash") == 4
    assert heard.count("go nodes 10") == sum(
        len(record.actions[ply::2])
        for record in result.records
        for ply in [record.opening + (record.opening + record.id) % 2]
    )


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("crash", "the engine ended"),
        ("hang", "no reply"),
        ("garbage", "its best move is '(none)', which is not legal"),
        ("backwards", "not legal"),
        ("chess", "it does not list the variant 'breakthrough'; it lists chess"),
    ],
)
def test_each_way_to_fail_loses_a_game_with_a_reason(
    game: Game, command: str, tmp_path: Path, fault: str, reason: str
) -> None:
    seconds = 0.5 if fault == "hang" else 60.0
    command = f"{command} {fault} {tmp_path / 'log'}"
    engine = UciPlayer(game, command, "nodes 1", "breakthrough", num_engines=1, seconds=seconds)
    result = play_match(game, engine, RandomPlayer(game), games=2, opening_plies=2, num_slots=1)
    engine.close()
    assert result.games == 2
    assert result.forfeits
    assert all(each.loser == "a" and reason in each.reason for each in result.forfeits)


def test_how_it_is_written(game: Game) -> None:
    assert learned_game("uci:./engine") is None
    made_player = make_player("uci:depth=3 variant=bt engines=2 ./engine", game, num_slots=4)
    assert isinstance(made_player, UciPlayer)
    assert [(each.limit, each.variant) for each in made_player.engines] == [("depth 3", "bt")] * 2
    for text, name, sentence in (
        ("uci:", "breakthrough", "names no engine"),
        ("uci:nodes=0 ./engine", "breakthrough", "nodes is"),
        ("uci:nodes=2 depth=2 ./engine", "breakthrough", "one of them is enough"),
        ("uci:./engine?nodes=5", "breakthrough", "takes no settings behind a question mark"),
        ("uci:./engine", "othello", "no moves in UCI notation"),
        ("uci:./engine", "breakthrough:rows=6,columns=6", "write variant=NAME before its command"),
    ):
        with pytest.raises(ValueError, match=sentence):
            make_player(text, made(name), num_slots=1)


@pytest.mark.nojit
@pytest.mark.parametrize("name", ["breakthrough", "gardner_chess", "animal_shogi"])
def test_legal_moves_have_different_texts(name: str) -> None:
    game = made(name)
    states = random_positions(game, 30, seed=3)
    for b in range(len(states)):
        here = game.describe_new(states[b : b + 1])
        assert sorted(legal_moves(game, states[b : b + 1], here).values()) == np.flatnonzero(here.legal[0]).tolist()


WHITE_PROMOTES = """\
5 . . . . k .
4 P . . . . .
3 . . . . . .
2 . . . . . .
1 . . K . . *
"""
BLACK_PROMOTES = """\
5 . . k . . *
4 . . . . . .
3 . . . . . .
2 p . . . . .
1 . . . . K .
"""
SHOGI = """\
4 - - . l . C -
3 - - C . . - -
2 - - . . . - -
1 - - E L . * -
"""
DROPS = "a4 c4 b3 c3 a2 b2 c2 c1"


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("name", "drawing", "wanted"),
    [
        ("gardner_chess", WHITE_PROMOTES, {"a4a5q", "a4a5r", "a4a5b", "a4a5n", "c1b1", "c1b2", "c1c2", "c1d1", "c1d2"}),
        ("gardner_chess", BLACK_PROMOTES, {"a2a1q", "a2a1r", "a2a1b", "a2a1n", "c5b5", "c5b4", "c5c4", "c5d5", "c5d4"}),
        (
            "animal_shogi",
            SHOGI,
            {"a3a4+", "a1b2", *(f"b1{at}" for at in ("a2", "b2", "c2", "c1")), *(f"C@{at}" for at in DROPS.split())},
        ),
    ],
)
def test_promotions_and_drops(name: str, drawing: str, wanted: set[str]) -> None:
    game = made(name)
    states = game.parse(drawing)
    assert set(legal_moves(game, states, game.describe_new(states))) == wanted


@needs_fairy_stockfish
@pytest.mark.parametrize("name", ["breakthrough", "gardner_chess", "animal_shogi"])
def test_fairy_stockfish_has_the_same_moves(name: str) -> None:
    found = compare(made(name), FAIRY_STOCKFISH, 80, seed=1)
    assert found.differences == []
    assert found.positions == 80
    assert found.excused == 0 or name == "animal_shogi"


@needs_fairy_stockfish
def test_fairy_stockfish_plays_and_repeats_itself(game: Game) -> None:
    lines = []
    for _ in range(2):
        engine = uci_player(f"uci:engines=1 nodes=200 {FAIRY_STOCKFISH}", game, 1)
        result = play_match(game, engine, RandomPlayer(game), games=2, opening_plies=2, num_slots=1)
        engine.close()
        assert (result.wins, result.forfeits) == (2, ())
        lines.append([record.actions.tolist() for record in result.records])
    assert lines[0] == lines[1]


@needs_fairy_stockfish
def test_fairy_stockfish_is_refused_for_a_variant_that_it_does_not_list(game: Game) -> None:
    engine = UciEngine(game, FAIRY_STOCKFISH, "nodes 1", "breakthru", 60)
    with pytest.raises(CommandRefused, match="does not list the variant 'breakthru'; it lists 3check"):
        engine.move(())
