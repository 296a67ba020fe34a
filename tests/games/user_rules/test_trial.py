"""A user's game in plain Python: each fault is a sentence with its line, and what is no fault passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import games
from games.user_rules import plain_rules
from games.user_rules.faults import GameFault
from games.user_rules.plain_rows import PlainRow, plain_array
from games.user_rules.trial import try_rules
from tests.games.user_rules.own import within, write

pytestmark = pytest.mark.nojit


def test_a_good_game_has_no_notes(tmp_path: Path) -> None:
    assert try_rules(games.make(write(tmp_path))) == []


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (("planes[(s", "planes[5 + (s"), r"line 41, in observe: index \d is out of bounds .*\(2, 3, 3\)"),
        (("planes[(s", "planes[0, 3 + (s"), r"line 41, in observe: .*4 were indexed; planes has the shape"),
        (
            ("num_actions=9", "num_actions=8"),
            "line 15, in legal_actions: index 8 .*; legal has num_actions = 8 entries",
        ),
        (("[a // SIZE, a % SIZE] = s[", "[a // SIZE + 1, 0] = s["), "line 19, in step: index 3 is out of bounds"),
        (
            ("[a // SIZE, a % SIZE] = s[", "[a / SIZE, 0] = s["),
            "line 19, in step: .* not a whole number; divide with //",
        ),
        (('s["plies"] += 1', 's["ply"] += 1'), "line 20, in step: s has no field 'ply'; its fields are cells, to_play"),
        (("def step(s, a)", "def step(s)"), r"line 18, in step: honte calls step\(s, a\); it takes \(s\)"),
        (within("outcome", 'if s["plies"] == 9:', "    return None"), "outcome returned None; it must return ONGOING"),
        (("        return -1\n", "        return np.nan\n"), "outcome returned nan"),
        (("        return -1\n", "        return 3\n"), "outcome returned 3"),
        (("        return -1\n", "        return 'x'\n"), "outcome returned 'x'"),
        (within("legal_actions", "return [1]"), "legal_actions returned a value, .* it must write to legal instead"),
        (('    s["to_play"] = 1 - s["to_play"]\n', ""), r"s\['to_play'\] was 0 in every position of \d+ random games"),
        (('1 - s["to_play"]\n', 's["to_play"] + 1\n'), r"step left s\['to_play'\] at 2"),
        (("range(SIZE * SIZE):", "range(4):"), "legal_actions allows no action, but outcome returned ONGOING"),
        (("max_plies=9", "max_plies=5"), "took more than max_plies = 5 actions"),
        (
            ("    return s[", "    return np.ravel(s)  # s["),
            r"draw returned an array of shape \(1,\); it must be \(3, 3\)",
        ),
        (('    return s["cells"]\n', '    return s["cells"] * 3\n'), r"draw returned the code [36]; .* for 0 to 2"),
        (('    return s["cells"]\n', '    return s["cells"] - 1\n'), "draw returned the code -1"),
        (('    return s["cells"]\n', '    return s["cells"] / 2\n'), "draw returned numbers of type float64"),
        (('    return s["cells"]\n', "    pass\n"), "draw returned None; it must return an array"),
        (within("draw", 's["plies"] += 1'), "draw changed s"),
        (within("observe", 's["plies"] += 1'), "observe changed s; only init and step may"),
        (("r, c] = 1", "r, c] = 0.5"), "line 41, in observe: 0.5 is written to planes, which hold whole numbers"),
        (("r, c] = 1", "r, c] = -1"), "line 41, in observe: -1 is written to planes"),
        (
            ("draw=draw,", "draw=draw, write_action=lambda a: str(a // 2),"),
            "write_action wrote '0' for action 1 and for",
        ),
        (("draw=draw,", "draw=draw, write_action=lambda a: f'put {a}',"), "spaces separate moves"),
        (
            ("draw=draw,", "draw=draw, write_action=lambda a: f' {a}',"),
            "write_action wrote ' 0' for action 0; spaces separate moves: use none",
        ),
        (
            ("draw=draw,", "draw=draw, write_action=lambda a: ' ',"),
            "write_action wrote nothing for action 0; each action needs a text",
        ),
        (("draw=draw,", "draw=draw, write_action=lambda a: None,"), "write_action returned None for action 0"),
        (("draw=draw,", "draw=draw, write_action=lambda a: [][a],"), "line 50, in <lambda>: list index out of range"),
        (("draw=draw,", "draw=draw, heuristic=lambda s: 7,"), "heuristic returned 7"),
        (
            ("draw=draw,", "draw=draw, read=lambda s, cells, mover: s.__setitem__('to_play', mover or 0),"),
            "read made another position of a drawing:\n(.*\n)+instead of\n",
        ),
        (
            ("draw=draw,", "draw=draw, final_targets=lambda s, ownership: np.inf,"),
            "final_targets returned inf; it must return the score, a number",
        ),
        (within("step", "s['plies'] += np.random.randint(5)"), "step made two positions of one position and action"),
        (
            within("step", "s['to_play'] = 100 * a", "s['to_play'] = 0"),
            r"s\['to_play'\] is int8, which holds -128 to 127",
        ),
        (
            within("outcome", "if s['plies'] > 4:", "    raise RuntimeError('no')"),
            "line 33, in outcome: RuntimeError: no",
        ),
        (within("outcome", "x = 1 // (s['plies'] - 5)"), "line 32, in outcome: a number is divided by 0"),
        (within("outcome", "x = nowhere"), "line 32, in outcome: name 'nowhere' is not defined"),
    ],
)
def test_a_fault_is_a_sentence(edit: tuple[str, str], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(GameFault, match=sentence):
        games.make(write(tmp_path, edit))


def test_a_position_that_cannot_be_drawn_does_not_hide_the_fault(tmp_path: Path) -> None:
    edits = (
        ("SIZE = 3\n", "from itertools import count\n\nSIZE = 3\nCOUNT = count()\n"),
        within("step", "s['plies'] += next(COUNT)"),
        within("draw", "if s['plies'] > 0:", "    raise RuntimeError('no pen')"),
    )
    with pytest.raises(GameFault, match="step made two positions of one position and action") as raised:
        games.make(write(tmp_path, *edits))
    assert raised.value.drawing == "(it cannot be drawn: no pen)"


def test_texts_that_change_from_call_to_call(tmp_path: Path) -> None:
    edits = (
        ("SIZE = 3\n", "SIZE = 3\nCALLS = []\n"),
        (
            "def draw(s)",
            "def write(a):\n    CALLS.append(a)\n    return str((a + (len(CALLS) - 1) // 18) % 9)\n\n\ndef draw(s)",
        ),
        ("draw=draw,", "draw=draw, write_action=write,"),
    )
    with pytest.raises(GameFault, match="parse_action reads '0' as action 8; write_action wrote it for 0"):
        games.make(write(tmp_path, *edits))


@pytest.mark.parametrize("verb", ["heuristic", "lookahead"])
def test_a_failed_call_is_repeated_in_plain_python(verb: str, tmp_path: Path) -> None:
    late = "heuristic=lambda s: s['cells'][s['plies'] // 2, 0] / 3"  # no such row from six plies on
    game = games.make(write(tmp_path, ("draw=draw,", f"draw=draw, {late},")), trial=False)
    states = game.new(2)
    states["plies"] = 6 if verb == "heuristic" else (9, 4)  # lookahead: a finished game, and the fault two plies below
    fault = plain_rules.replay_call(game, verb, states)
    assert "in <lambda>: index 3 is out of bounds for axis 0 with size 3" in str(fault)
    assert plain_rules.replay_call(game, verb, game.new(0)) is None


@pytest.mark.parametrize("what", ["COUNT[0] += 1", "global COUNT; COUNT = COUNT + 1"])
def test_rules_that_change_what_is_not_theirs(what: str, tmp_path: Path) -> None:
    edits = ("SIZE = 3\n", "SIZE = 3\nCOUNT = np.zeros(1)\n"), within("step", what)
    with pytest.raises(GameFault, match="the rules change COUNT, which is no part of s; keep in s all that changes"):
        games.make(write(tmp_path, *edits))


def test_a_rule_that_does_not_return(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_rules, "RULE_TIMEOUT", 0.3)
    text = write(tmp_path, within("outcome", "while s['plies'] > 3:", "    pass"))
    with pytest.raises(GameFault, match=r"line 3[23], in outcome: outcome does not return"):
        games.make(text)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (("num_actions=9", "num_actions=0"), "num_actions is 0; it must be a whole number from 1 to"),
        (("num_actions=9", "num_actions=9.0"), "num_actions is 9.0"),
        (
            ("(2, 3, 3)", "(3, 3)"),
            r"observation_shape is \(3, 3\); it must be three whole numbers .*planes, rows, columns",
        ),
        (("max_plies=9", "max_plies=-1"), "max_plies is -1; it must be a whole number of at least 0"),
        (('name="rows"', "name=9"), "name is 9; it must be text"),
        (
            ("np.int16)])", 'np.int16), ("notes", object)])'),
            "state has a field of Python objects; fields hold numbers and arrays of numbers",
        ),
        (("(2, 3, 3)", "(2, 3, 0)"), r"observation_shape is \(2, 3, 0\)"),
        (("np.dtype([", "(["), "it must be a NumPy type with fields"),
        (('("to_play", np.int8)', '("to_play", np.float32)'), "the field 'to_play' is float32"),
        (("step=step", "step=3"), "step is 3; it must be a function written with def or lambda"),
        (("step=step", "step=np.random.default_rng(0).integers"), "step is <bound method Generator.integers"),
        (("SIZE = 3\n", "SIZE = 3\nraise SystemExit(3)\n"), r"does not run: SystemExit: 3 \(line 6\)"),
        (("draw=draw", "draw=3"), "'int' object is not callable"),
        (("SIZE = 3\n", "SIZE = 3\n1 / 0\n"), r"does not run: ZeroDivisionError: division by zero \(line 6\)"),
    ],
)
def test_parameters_that_cannot_be_right(edit: tuple[str, str], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=sentence):
        games.make(write(tmp_path, edit))


def test_a_negative_index_is_noted_unless_it_is_written_there(tmp_path: Path) -> None:
    meant = within("outcome", "x = s['cells'][-1, 0]")
    assert try_rules(games.make(write(tmp_path, meant))) == []
    unclear = within("outcome", "for r in range(3):", "    x = s['cells'][r - 1, 0]")
    (note,) = try_rules(games.make(write(tmp_path, unclear, name="other")))
    assert "other.py, line 33: the index -1 counts from the end" in note


def test_a_file_is_tried_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from games.user_rules import trial_record

    runs = []
    monkeypatch.setenv("HONTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(trial_record, "try_rules", lambda game: runs.append(game.name))
    text = write(tmp_path)
    for _ in range(2):
        games.make(text)
    assert runs == [text]
    games.make(write(tmp_path, ("SIZE = 3\n", "SIZE = 3  # as before\n")))
    assert runs == [text, text]
    games.make(text, trial=False)
    monkeypatch.setenv("HONTE_UNCHECKED", "1")
    games.make(write(tmp_path, name="third"))
    assert runs == [text, text]


def test_what_rules_print_is_not_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    games.make(write(tmp_path, within("step", "print('step', a)")))
    assert capsys.readouterr().out == ""


def test_plain_rows_compute_as_compiled_rules_do() -> None:
    rows = np.zeros(1, np.dtype([("small", np.int8), ("many", np.int8, (3,)), ("hash", np.uint64), ("byte", np.uint8)]))
    row = PlainRow(rows[0])
    row["small"] = 100
    row["many"][:] = 100
    assert row["small"] * 100 + row["many"][1] * 100 == 20_000  # beyond int8
    assert sum(row["many"]) == 300
    row["hash"] = 0xFFFF_FFFF_FFFF_FFFF + 2
    row.byte = 257
    assert (row.hash, row["byte"]) == (1, 1)
    with pytest.raises(OverflowError, match=r"s\['small'\] is int8, which holds -128 to 127, and not 200"):
        row["small"] = 200
    with pytest.raises(OverflowError, match="the array is int8"):
        row["many"][0] = 200
    places: set[tuple[str, int, int]] = set()
    plain_array(rows["many"], places)[0, -2] = 1
    assert [index for _, _, index in places] == [-2]
