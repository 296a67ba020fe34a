"""``honte analyze``: questions in JSON, answers in JSON, many at once, every error with its field."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import Any

import pytest

from agent.players import make_player
from games import make, position
from honte.protocols.kata_analysis import KataAnalysis


def answers(
    lines: list[str], name: str = "mcts:50", game: str = "tic_tac_toe", num_slots: int = 4
) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    rules = make(game)
    analyst = KataAnalysis(rules, make_player(name, rules, num_slots=num_slots), num_slots=num_slots, write=out.append)
    for line in lines:
        analyst.ask(line)
    while not analyst.idle:
        analyst.work()
    for answer in out:
        json.dumps(answer, allow_nan=False)
    return out


def one(question: dict[str, Any], **terms: Any) -> dict[str, Any]:
    (answer,) = answers([json.dumps(question)], **terms)
    return answer


def test_a_position_is_analysed() -> None:
    moves = [["B", "a1"], ["W", "b1"], ["B", "a2"], ["W", "b2"]]
    answer = one({"id": "q", "moves": moves, "maxVisits": 40, "includePolicy": True, "includePVVisits": True})
    assert answer["id"] == "q"
    assert answer["turnNumber"] == 4
    assert answer["isDuringSearch"] is False
    root, best = answer["rootInfo"], answer["moveInfos"][0]
    assert root["currentPlayer"] == "B"
    assert root["visits"] <= 40
    assert root["winrate"] == 1  # proven: a3 ends the game
    assert (best["move"], best["order"], best["winrate"], best["pv"]) == ("a3", 0, 1, ["a3"])
    assert best["pvVisits"] == [best["visits"]]
    assert [info["order"] for info in answer["moveInfos"]] == list(range(len(answer["moveInfos"])))
    assert [p < 0 for p in answer["policy"]] == [False, False, False, True, True, False, True, True, False]
    assert sum(p for p in answer["policy"] if p >= 0) == pytest.approx(1, abs=1e-4)


def test_visits_are_katagos() -> None:
    for visits in (1, 2, 17):
        answer = one({"id": "q", "moves": [], "maxVisits": visits})
        assert answer["rootInfo"]["visits"] == visits
        assert sum(info["visits"] for info in answer["moveInfos"]) == visits - 1


def test_many_questions_and_turns_are_all_answered() -> None:
    here = position("connect_four").play("d d c e")
    questions = [{"id": str(i), "moves": list(here.line[:i]), "maxVisits": 5 + i} for i in range(5)]
    questions.append({"id": "turns", "moves": list(here.line), "analyzeTurns": [0, 2, 4], "maxVisits": 4})
    found = answers([json.dumps(q) for q in questions], game="connect_four", num_slots=3)
    assert {(a["id"], a["turnNumber"]) for a in found} == {(str(i), i) for i in range(5)} | {
        ("turns", t) for t in (0, 2, 4)
    }
    assert len(found) == 8
    for answer in found:
        wanted = 4 if answer["id"] == "turns" else 5 + int(answer["id"])
        assert answer["rootInfo"]["visits"] == wanted


def test_an_answer_does_not_depend_on_what_is_asked_beside_it() -> None:
    question = {"id": "q", "moves": ["d", "d"], "maxVisits": 30}
    alone = one(question, name="connect_four?lookahead=0", game="connect_four")
    others = [json.dumps({"id": str(i), "moves": ["a", "b", "c"][:i], "maxVisits": 20}) for i in range(3)]
    beside = answers([*others, json.dumps(question)], name="connect_four?lookahead=0", game="connect_four", num_slots=4)
    assert next(a for a in beside if a["id"] == "q") == alone


def test_priorities_come_first() -> None:
    questions = [{"id": str(i), "moves": [], "maxVisits": 3, "priority": i} for i in range(6)]
    found = answers([json.dumps(q) for q in questions], num_slots=1)
    assert [a["id"] for a in found] == ["5", "4", "3", "2", "1", "0"]


def test_reports_on_the_way() -> None:
    question = {"id": "q", "moves": [], "maxVisits": 3000, "reportDuringSearchEvery": 0.001}
    found = answers([json.dumps(question)], game="connect_four", name="mcts:3000")
    assert [a["isDuringSearch"] for a in found] == [True] * (len(found) - 1) + [False]
    assert len(found) > 1


def test_terminate() -> None:
    lines = [json.dumps({"id": name, "moves": [], "maxVisits": 10}) for name in "abc"]
    lines.append('{"id": "t", "action": "terminate", "terminateId": "b"}')
    found = answers(lines, num_slots=1)
    assert [(a["id"], "noResults" in a) for a in found] == [("b", True), ("t", False), ("a", False), ("c", False)]


def test_players_without_a_tree_answer_too() -> None:
    for name in ("random", "minimax:2", "perfect"):
        answer = one({"id": "q", "moves": ["b2", "a1"]}, name=name)
        assert answer["moveInfos"][0]["order"] == 0


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"moves": []}, "id"),
        ({"id": 5, "moves": []}, "id"),
        ({"id": "q"}, "moves"),
        ({"id": "q", "moves": [["B", "a1"], ["W", "a1"]]}, "moves"),
        ({"id": "q", "moves": [["W", "a1"]]}, "moves"),
        ({"id": "q", "moves": [5]}, "moves"),
        ({"id": "q", "moves": [], "maxVisits": 0}, "maxVisits"),
        ({"id": "q", "moves": [], "maxVisits": True}, "maxVisits"),
        ({"id": "q", "moves": [], "maxVisits": 10**8}, "maxVisits"),
        ({"id": "q", "moves": [], "analyzeTurns": [1]}, "analyzeTurns"),
        ({"id": "q", "moves": [], "analyzeTurns": []}, "analyzeTurns"),
        ({"id": "q", "moves": [], "boardXSize": 19}, "boardXSize"),
        ({"id": "q", "moves": [], "includePolicy": 1}, "includePolicy"),
        ({"id": "q", "moves": [], "priorities": [1, 2]}, "priorities"),
        ({"id": "q", "moves": [], "reportDuringSearchEvery": -1}, "reportDuringSearchEvery"),
        ({"id": "q", "moves": [], "initialStones": [["B", "a1"]]}, "initialStones"),
        ({"id": "q", "moves": [], "initialPlayer": "W"}, "initialPlayer"),
        ({"id": "q", "moves": "a1 b1 a2 b2 a3".split()}, "analyzeTurns"),  # noqa: SIM905
        ({"id": "q", "action": "dance"}, "action"),
        ({"id": "q", "action": "terminate"}, "terminateId"),
    ],
)
def test_errors_name_their_field(question: dict[str, Any], field: str) -> None:
    answer = one(question)
    assert answer["field"] == field
    assert answer["error"].startswith(field) or field in ("moves", "analyzeTurns", "initialPlayer")
    assert answer.get("id") == ("q" if question.get("id") == "q" else None)


def test_komi_and_rules_must_be_the_games() -> None:
    for more, field in (({"komi": 6.5}, "komi"), ({"rules": "japanese"}, "rules")):
        assert one({"id": "q", "moves": [], **more}, name="random", game="go:size=5")["field"] == field
    answer = one({"id": "q", "moves": [["W", "C3"]], "initialPlayer": "W", "komi": 7}, name="random", game="go:size=5")
    assert answer["rootInfo"]["currentPlayer"] == "B"


def test_what_is_not_known_is_a_warning() -> None:
    found = answers(['{"id": "q", "moves": [], "maxVisits": 1, "includeOwnership": true, "colour": 1}'])
    assert [a.get("field") for a in found] == ["includeOwnership", "colour", None]
    assert all("warning" in a for a in found[:2])


def test_any_line_gets_an_answer() -> None:
    chosen = random.Random(2)
    pieces = [
        "{",
        "}",
        "[",
        "]",
        '"id"',
        ":",
        '"q"',
        ",",
        '"moves"',
        '"a1"',
        "5",
        "null",
        "NaN",
        "\\",
        "é",
        '"maxVisits"',
    ]
    for _ in range(400):
        line = "".join(chosen.choices(pieces, k=chosen.randrange(1, 14)))
        assert len(answers([line])) >= 1
    assert "error" in answers(["[" * 100_000])[0]


def test_the_command_answers_what_waits_at_the_end() -> None:
    lines = "".join(json.dumps({"id": str(i), "moves": [], "maxVisits": 20}) + "\n" for i in range(20)) + "\nnonsense\n"
    done = subprocess.run(
        [sys.executable, "-m", "honte", "analyze", "mcts:10", "--game", "tic_tac_toe", "--num-slots", "8"],
        input=lines,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum("error" in a for a in found) == 1
    assert {a["id"] for a in found if "id" in a} == {str(i) for i in range(20)}


GO = "go:size=5"
TROMP_TAYLOR = {"ko": "POSITIONAL", "scoring": "AREA", "tax": "NONE", "suicide": False, "hasButton": False}


@pytest.mark.parametrize(
    "rules",
    [
        "Tromp-Taylor",
        "tromp-taylor",
        "TROMP-TAYLOR",
        "trompTaylor",
        "tromp_taylor",
        " tromp taylor ",
        "chinese-kgs",
        "Chinese-OGS",
        TROMP_TAYLOR,
        TROMP_TAYLOR | {"whiteHandicapBonus": "N", "friendlyPassOk": True, "komi": 7},
        {"ko": "positional", "scoringRule": "area"},
        json.dumps(TROMP_TAYLOR),
        "koPOSITIONALscoreAREAtaxNONEsui0",
        "koPOSITIONALscoreAREAtaxNONEsui0button0whbNfpok1komi7",
        None,
    ],
)
def test_rules_that_are_played_are_known_by_any_of_their_names(rules: Any) -> None:
    answer = one({"id": "q", "moves": [], "rules": rules}, name="random", game=GO)
    assert "rootInfo" in answer, answer


@pytest.mark.parametrize(
    "rules",
    [
        "japanese",
        "Chinese",
        "aga",
        "new-zealand",
        "",
        7,
        [],
        True,
        TROMP_TAYLOR | {"ko": "SIMPLE"},
        TROMP_TAYLOR | {"suicide": True},
        TROMP_TAYLOR | {"hasButton": True},
        TROMP_TAYLOR | {"komi": 6.5},
        TROMP_TAYLOR | {"weather": "fine"},
        "koSITUATIONALscoreAREAtaxNONEsui0",
        "koPOSITIONALscoreTERRITORYtaxSEKIsui0",
        "koPOSITIONALscoreAREAtaxNONEsui0komi...",
        "{",
        "[" * 10_000,
    ],
)
def test_other_rules_are_refused_with_those_that_are_played(rules: Any) -> None:
    answer = one({"id": "q", "moves": [], "rules": rules}, name="random", game=GO)
    assert (answer["field"], answer["id"]) == ("rules", "q")
    assert "tromp-taylor or chinese-kgs or chinese-ogs" in answer["error"]
    assert "\n" not in answer["error"]


def test_rules_with_suicide_are_tromp_taylors() -> None:
    for rules, known in (("Tromp-Taylor", True), (TROMP_TAYLOR | {"suicide": True}, True), ("chinese-kgs", False)):
        answer = one({"id": "q", "moves": [], "rules": rules}, name="random", game="go:size=5,suicide=true")
        assert ("rootInfo" in answer) == known


def test_turns_that_are_not_over_are_answered_beside_those_that_are() -> None:
    moves = ["a1", "b1", "a2", "b2", "a3"]
    found = answers([json.dumps({"id": "q", "moves": moves, "analyzeTurns": [5, 0, 4], "maxVisits": 4})])
    assert {(a["turnNumber"], "error" in a) for a in found} == {(5, True), (0, False), (4, False)}
    assert found[0]["error"] == "the game is over after turn 5: there is nothing to analyze"
    assert (found[0]["field"], found[0]["id"]) == ("analyzeTurns", "q")


def test_go_goes_on_after_two_passes() -> None:
    moves = [["B", "C3"], ["W", "pass"], ["B", "pass"], ["W", "D4"], ["B", "pass"], ["W", "pass"], ["B", "pass"]]
    question = {"id": "q", "moves": moves, "analyzeTurns": list(range(8)), "unknown": 1}
    found = {a.get("turnNumber"): a for a in answers([json.dumps(question)], name="random", game=GO)}
    assert {turn for turn, a in found.items() if "error" in a} == {3, 6, 7}
    assert found[4]["rootInfo"]["currentPlayer"] == "B"
    assert found[None]["warning"]


def test_initial_stones_are_set_up() -> None:
    stones = [["B", "A5"], ["B", "B4"], ["W", "E1"]]
    question = {"id": "q", "moves": [["W", "A4"]], "initialStones": stones, "initialPlayer": "W"}
    assert one(question, name="random", game=GO)["rootInfo"]["currentPlayer"] == "B"
    othello = {"id": "q", "moves": [], "initialStones": [["W", "a1"]], "initialPlayer": "W"}
    assert one(othello, name="random", game="othello:size=6")["rootInfo"]["currentPlayer"] == "W"
    for wrong in ([["B", "Z9"]], [["B", "pass"]], [["B"]], "B", [["red", "A1"]], [["B", "A1"], ["W", "A1"]]):
        assert one({"id": "q", "moves": [], "initialStones": wrong}, name="random", game=GO)["field"] == "initialStones"
