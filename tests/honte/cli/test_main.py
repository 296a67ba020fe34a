"""The command line as people and programs meet it: exit codes, one sentence an error, JSON alone on stdout."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent import weights
from games import make
from honte.__main__ import COMMANDS, main
from honte.package_check import NAMES

ROOT = Path(__file__).resolve().parents[3]

known_games = functools.cache(make)


@pytest.fixture(autouse=True)
def games_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ``make`` compiles its game anew, which is most of what a command takes."""
    monkeypatch.setattr("games.make", known_games)
    monkeypatch.setattr("honte.api.make", known_games)


@pytest.fixture
def only_connect_four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no other network shipped, whatever does."""
    shutil.copytree(weights.HERE / "connect_four", tmp_path / "weights" / "connect_four")
    monkeypatch.setattr(weights, "HERE", tmp_path / "weights")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Matches leave a folder where they are played."""
    monkeypatch.chdir(tmp_path)


LAWLESS = """
import numpy as np
from games import from_rules
def init(s): pass
def legal_actions(s, legal): legal[0] = s["plies"] % 2 == 0
def step(s, a):
    s["plies"] += 1
    s["to_play"] = 1 - s["to_play"]
def outcome(s): return 0 if s["plies"] == 4 else 2
def observe(s, planes): planes[0, 0, 0] = s["plies"]
game = from_rules(name="lawless", state=np.dtype([("plies", np.int8), ("to_play", np.int8)]), num_actions=1,
    observation_shape=(1, 1, 1), max_plies=4, init=init, legal_actions=legal_actions, step=step, outcome=outcome,
    observe=observe, draw=lambda s: np.zeros((1, 1), np.int8))
"""


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    """What ``honte WORDS`` writes on stdout and on stderr."""
    assert main(words) == code
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return out, err


def result(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    """The JSON object that is all of stdout."""
    out, _ = said(capsys, *words, "--json", code=code)
    assert out.count("\n") == 1
    found: dict[str, Any] = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    return found


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, "--help")
    assert all(f"  {name} " in out for name in COMMANDS)
    assert all(f"\n{group}:\n" in out for group in ("learn", "play", "evaluate", "pictures", "tools"))
    assert "ships with honte:" in out
    assert "connect_four" in out
    assert max(map(len, out.splitlines())) <= 81
    assert err == ""
    assert said(capsys, code=2)[1] == out


def test_help_loads_nothing_heavy() -> None:
    heavy = ("torch", "ray", "gymnasium", "numba", "numpy", "rich")
    code = (
        "import sys, honte; from honte.__main__ import main; main(['--help'])\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    "words",
    ["play mcts:2 --game tic_tac_toe", "match mcts:2 random --game tic_tac_toe --games 2 --out match", "runs ."],
)
def test_torch_is_not_imported_where_no_network_plays(words: str, tmp_path: Path) -> None:
    code = "import sys; from honte.__main__ import main; main(sys.argv[1:]); assert 'torch' not in sys.modules"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *words.split()]
    subprocess.run(command, cwd=tmp_path, env=environment, input=b"quit\n", capture_output=True, check=True)


def test_every_command_has_a_module_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        out, _ = said(capsys, name, "--help")
        assert out.startswith(f"usage: honte {name}")
        assert max(map(len, out.splitlines())) <= 80


def test_a_wrong_command_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean match?" in said(capsys, "mach", code=2)[1]


def test_a_wrong_flag_names_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--gmaes" in said(capsys, "match", "random", "random", "--gmaes", "2", code=2)[1]
    assert "DEPTH" in said(capsys, "perft", "tic_tac_toe", "x", code=2)[1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("perft tictactoe 3", "did you mean tic_tac_toe?"),
        ("perft tic_tac_toe -1", "DEPTH is -1: it must be a whole number from 0 to"),
        ("perft connect_four 100", "DEPTH is 100; it must be from 0 to 42: no game of connect_four has more plies"),
        ("perft connect_four:row=5 2", "unknown parameter 'row'; did you mean rows?"),
        ("runs nowhere", "ROOT is 'nowhere', which does not exist"),
        ("match random random", "no game is given"),
        ("match random random --game tic_tac_toe --games 7", "--games is 7; an even number is needed"),
        ("match random random --game tic_tac_toe --games 0", "--games is 0; it must be 2 or more, and even"),
        ("match random random --game tic_tac_toe --games -2", "--games is -2; it must be 2 or more, and even"),
        ("match mtcs:100 random --game tic_tac_toe", "no player 'mtcs:100'; did you mean mcts:100?"),
        ("match mcts100 random --game tic_tac_toe", "no player 'mcts100'; did you mean mcts:100?"),
        ("match random Random --game tic_tac_toe", "no player 'Random'; did you mean random?"),
        ("match random minmax:3 --game tic_tac_toe", "no player 'minmax:3'; did you mean minimax:3?"),
        ("play connect_four?simulation=10", "unknown setting 'simulation'; did you mean simulations?"),
        ("play conect_four", "no player 'conect_four'; did you mean connect_four?"),
        ("play tictactoe", "did you mean the game tic_tac_toe, as in honte play mcts:400 --game tic_tac_toe?"),
        ("play othello", "honte play mcts:400 --game othello, or train a network first by honte train --game othello"),
        ("gtp tic_tac_toe", "such as honte play mcts:400 --game tic_tac_toe"),
        ("ugi hex:size=5?simulations=3", "'hex:size=5' is a game, and no network ships for it"),
        ("play othello:size=7", "othello: size=7; the side is even, 4 to 12"),
        ("match random mine.py:game", "honte train --game mine.py:game"),
        ("train othello", "'othello' is a game without a recipe of its own; honte train --game othello learns it"),
        ("train hex:size=5", "honte train --game hex:size=5 learns it"),
        ("train othelo", "did you mean --game othello?"),
        ("train lenet", "honte classify DATA --model lenet trains it"),
        ("rate mcts:10", "'mcts:10' is a player that does not learn"),
        ("rate nowhere", "there is no folder 'nowhere'"),
        ("rate othello", "'othello' is a game, and honte train --game othello learns it"),
        ("rate .", "'.' is a folder without a run"),
        ("match random nobody --game tic_tac_toe", "'nobody'"),
        ("match random random --game tic_tac_toe --num-slots 0", "--num-slots is 0"),
        ("match random random --game tic_tac_toe --sprt 5", "--sprt has 1 numbers"),
        ("match random random --game tic_tac_toe --sprt 5 0", "sprt is 5 0; the first difference must be below"),
        ("match random random --game tic_tac_toe --book nowhere", "no file 'nowhere' of openings"),
        ("match random random --game tic_tac_toe --book x --judge random", "--book names the openings"),
        ("match random random --game tic_tac_toe --judge random", "a random player cannot judge"),
        ("match random connect_four?seconds=1 --deterministic", "does not play the same games every time"),
        ("grade random --simulations 4", "random takes no number of simulations"),
        ("grade random --positions nowhere", "no file 'nowhere'"),
        ("grade random --game gomoku", "no solved positions of gomoku"),
        ("grade random --game nim --fewest-plies 2", "go with --make"),
        ("grade random --game nim:heaps=1-1 --make new --fewest-plies 9", "ends after at most 2 plies"),
        ("grade random --game nim:heaps=1 --make new --count 2 --no-immediate-wins", "no such positions"),
        ("grade random --game nim --make new --fewest-plies 3 --most-plies 2", "3 is more than --most-plies 2"),
        ("play nobody", "'nobody'"),
        ("play random --game tic_tac_toe --temperature -1", "--temperature is -1.0"),
        ("check-game nowhere.py:game", "there is no file"),
        ("check-game tic_tac_toe --games 0", "--games is 0"),
        ("describe nowhere", "'nowhere'"),
        ("bench --seconds 0", "--seconds is 0.0"),
        ("bench --games 0", "--games is 0: it must be a whole number from 1 to"),
    ],
)
@pytest.mark.usefixtures("only_connect_four")
def test_what_people_get_wrong_is_one_sentence(capsys: pytest.CaptureFixture[str], words: str, sentence: str) -> None:
    out, err = said(capsys, *words.split(), code=2)
    assert sentence in err
    assert err.startswith(f"honte {words.split()[0]}: ")
    assert err.count("\n") == 1
    assert out == ""


def test_a_misspelled_game_whose_network_has_another_size(capsys: pytest.CaptureFixture[str]) -> None:
    _, err = said(capsys, "play", "hexx", code=2)
    assert err == "honte play: there is no player 'hexx'; did you mean hex?\n"


def test_perft(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "perft", "tic_tac_toe", "4") == ("3024\n", "")
    assert result(capsys, "perft", "tic_tac_toe", "4") == {"game": "tic_tac_toe", "depth": 4, "count": 3024}


def test_check_game(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "passes all checks: 9 random games" in said(capsys, "check-game", "tic_tac_toe", "--games", "9")[0]
    assert result(capsys, "check-game", "tic_tac_toe", "--games", "9")["ok"] is True
    (tmp_path / "lawless.py").write_text(LAWLESS)
    place = f"{tmp_path / 'lawless.py'}:game"
    out, err = said(capsys, "check-game", place, code=1)
    assert "legal_actions allows no action, but outcome returned ONGOING; one of them is wrong; for example at" in err
    assert out == ""
    assert result(capsys, "check-game", place, code=1)["ok"] is False


def test_match(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("match", "mcts:20", "random", "--game", "tic_tac_toe", "--games", "20", "--seed", "3")
    found = result(capsys, *words)
    assert (found["a"], found["b"], found["game"], found["games"]) == ("mcts:20", "random", "tic_tac_toe", 20)
    assert found["wins"] + found["draws"] + found["losses"] == 20
    assert found["score"] > 0.6
    assert found["elo_low"] > 0
    assert found["elo"] is None or found["elo_low"] < found["elo"]  # null at 100 %
    assert found["distinct_games"] <= 20
    assert sum(found["pairs"]) == 10
    out, err = said(capsys, *words)
    assert f"together                 20    {found['wins']:>2}" in out
    assert f"score {found['score']:.1%}" in out
    assert err == ""


def test_match_says_when_games_repeat(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("match", "perfect", "perfect", "--game", "tic_tac_toe:rows=1,columns=2,k=2")
    assert "perfect does not know" in said(capsys, *words, code=2)[1]
    words = ("match", "random", "random", "--game", "tic_tac_toe:rows=1,columns=2,k=2", "--games", "40")
    out, _ = said(capsys, *words, "--opening-plies", "1")
    assert "2 of 40 games are distinct, from 2 openings; a pair that repeats another pair does not make" in out


def test_grade(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = (ROOT / "agent/solvers/data/connect_four/end_easy.jsonl").read_text().splitlines()[:30]
    file = tmp_path / "some.jsonl"
    file.write_text("\n".join(lines))
    found = result(
        capsys, "grade", "mcts:9", "--game", "connect_four", "--positions", str(file), "--simulations", "4", "64"
    )
    assert found["player"] == "mcts:9"
    few, many = found["results"]
    assert (few["simulations"], many["simulations"]) == (4, 64)
    assert few["count"] == many["count"] == 30
    assert few["mistake_rate"] == few["mistakes"] / 30
    assert few["could_err"] == many["could_err"] > 0
    (pair,) = found["comparisons"]
    assert (pair["positions"], pair["simulations"]) == (str(file), [4, 64])
    assert pair["only_first"] - pair["only_second"] == few["mistakes"] - many["mistakes"]
    assert 0 <= pair["p_value"] <= 1
    assert "mistake rate" in said(capsys, "grade", "random", "--game", "connect_four", "--positions", str(file))[0]


def test_positions_of_chosen_plies_are_solved(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("--make", "middle", "--count", "20", "--fewest-plies", "3", "--most-plies", "5", "--no-immediate-wins")
    (found,) = result(capsys, "grade", "perfect", "--game", "tic_tac_toe", *words)["results"]
    assert (found["count"], found["mistakes"]) == (20, 0)
    positions = [json.loads(line) for line in Path("middle").read_text().splitlines()]
    assert {len(position["moves"]) for position in positions} == {3, 4, 5}
    assert all(position["left"] > 1 for position in positions)  # nobody wins with the next move


def test_grade_by_the_game_s_own_positions(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = result(capsys, "grade", "perfect", "--game", "tic_tac_toe")["results"]
    assert (found["positions"], found["count"], found["mistakes"]) == ("all", 4520, 0)


def test_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "there are no runs in" in said(capsys, "runs", str(tmp_path))[0]
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "config.yaml").write_text("game: tic_tac_toe\n")
    assert not result(capsys, "runs", str(tmp_path))["runs"]  # it never began
    (tmp_path / "one" / "checkpoints").mkdir()
    found = result(capsys, "runs", str(tmp_path))["runs"]
    assert [(run["game"], run["status"], run["step"]) for run in found] == [("tic_tac_toe", "stopped", 0)]
    assert "tic_tac_toe" in said(capsys, "runs", str(tmp_path))[0]


def test_a_game_of_ones_own_describes_itself(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = 'description=Description(rules="Wait.", goal="Nobody wins.", moves="0"), name="lawless"'
    text = "from games.descriptions import Description\n" + LAWLESS.replace('name="lawless"', words).replace(
        '= s["plies"] % 2 == 0', "= True"
    )
    (tmp_path / "lawless.py").write_text(text)
    found = result(capsys, "describe", f"{tmp_path / 'lawless.py'}:game")
    assert (found["rules"], found["goal"], found["moves"]) == ("Wait.", "Nobody wins.", "0")
    assert "shipped_network" not in found


def test_describe(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = result(capsys, "describe", "connect_four")
    assert (found["actions"], found["observation"], found["max_plies"]) == (7, [3, 6, 7], 42)
    assert found["shipped_network"].startswith("connect_four (852,968 bytes); minimax:5 100.0 [")
    assert found["game_parameters"] == "rows=6, columns=7, k=4"
    assert all(found[name] for name in ("rules", "goal", "moves"))
    assert "torch fp32" in found["backend"]["candidates"]
    assert "backend_for_self_play:" in said(capsys, "describe", "connect_four")[0]
    torch_save = pytest.importorskip("safetensors.torch").save_file
    from agent.networks.policy_value import NetworkConfig, PolicyValueNet

    game, config = make("tic_tac_toe"), {"blocks": 1, "channels": 8}
    network = PolicyValueNet(NetworkConfig(**config), game.observation_shape, game.action_layout)
    torch_save(network.state_dict(), tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"schema": 1, "game": "tic_tac_toe", "network": config}))
    found = result(capsys, "describe", str(tmp_path))
    assert found["parameters"] == sum(tensor.numel() for tensor in network.parameters())
    assert (found["game"], found["actions"]) == ("tic_tac_toe", 9)
    assert len(found["backend"]["candidates"]) > 1 or found["backend"]["chosen"] == "torch fp32"
    (tmp_path / "config.yaml").write_text("engine: {kind: torch, precision: fp32}\n")  # as in the folder of a run
    assert result(capsys, "describe", str(tmp_path))["backend"]["chosen"] == "torch fp32"
    (tmp_path / "config.yaml").write_text("engine: {kind: torch, precision: int8}\n")  # of a run on another machine
    assert "backend" not in result(capsys, "describe", str(tmp_path))


def test_models(capsys: pytest.CaptureFixture[str]) -> None:
    found = {model["game"]: model for model in result(capsys, "models")["models"]}
    assert found.keys() == weights.games().keys()
    four = found["connect_four"]
    assert (four["size"], four["training"]["minutes"]) == ("6 x 7", 68)
    assert [(each["opponent"], round(each["score"], 3)) for each in four["opponents"]] == [
        ("minimax:5", 1.0),
        ("mcts:1000", 1.0),
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_of_models_fits(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    table = said(capsys, "models")[0]
    assert max(map(len, table.splitlines())) <= width
    assert "mcts:1000 100.0 [93.8, 100.0]\n" in table


def test_the_signature_repeats(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import honte.signature as module

    monkeypatch.setattr(module, "GAMES", ("tic_tac_toe",))
    monkeypatch.setattr(module, "BUDGETS", (8, 33))
    number = int(said(capsys, "bench", "--signature")[0])
    assert result(capsys, "bench", "--signature") == {"signature": number}
    monkeypatch.setattr(module, "BUDGETS", (8, 32))
    assert int(said(capsys, "bench", "--signature")[0]) != number


def test_an_interrupt_is_130(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("games.perft", interrupt)
    assert said(capsys, "perft", "tic_tac_toe", "4", code=130)[1] == "\ninterrupted\n"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
def test_a_broken_pipe_is_quiet() -> None:
    code = (
        "import os, sys; from honte.__main__ import main\n"
        "read, write = os.pipe(); os.close(read); os.dup2(write, 1)\n"
        "sys.exit(main(['--help']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_the_same_name_is_named(tmp_path: Path, name: str) -> None:
    """``games`` and the others are plain names: a user's own folder must not stand in for them unseen."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("raise SystemExit('the wrong package ran')\n")
    code = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]\n"
        "from honte.__main__ import main; sys.exit(main(['runs']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert str(tmp_path / name) in done.stderr
    assert f"hides honte's own package '{name}'" in done.stderr
