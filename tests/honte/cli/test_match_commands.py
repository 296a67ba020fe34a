"""``honte match`` and ``honte tournament`` as people and programs meet them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from honte.__main__ import main


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(capsys: pytest.CaptureFixture[str], words: str, code: int = 0) -> tuple[str, str]:
    assert main(words.split()) == code
    return capsys.readouterr()


def result(capsys: pytest.CaptureFixture[str], words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(capsys, f"{words} --json")[0].splitlines()[-1])
    return found


def games(folder: str) -> list[dict[str, Any]]:
    return sorted(map(json.loads, (Path(folder) / "games.jsonl").read_text().splitlines()), key=lambda game: game["id"])


def test_a_match_is_kept_extended_and_begun_again(capsys: pytest.CaptureFixture[str]) -> None:
    words = "match mcts:20 random --game tic_tac_toe"
    few = result(capsys, f"{words} --games 10")
    kept = games(few["folder"])
    more = result(capsys, f"{words} --games 24 --threads 2")
    assert more["folder"] == few["folder"]
    assert games(more["folder"])[:10] == kept
    assert kept[1]["players"] == ["random", "mcts:20"]
    assert kept[0]["moves"][:2] == kept[1]["moves"][:2]
    assert result(capsys, f"{words} --games 24 --num-slots 3 --fresh") == more
    assert Path(f"{more['folder']}.1").is_dir()
    assert json.loads((Path(more["folder"]) / "result.json").read_text()) == more
    assert "24 games of this match are in" in said(capsys, f"{words} --games 24")[0]


def network(name: str, seed: int) -> None:
    """A small network's folder, its weights drawn by lot."""
    safetensors_torch, torch = pytest.importorskip("safetensors.torch"), pytest.importorskip("torch")
    from agent.networks.policy_value import NetworkConfig, PolicyValueNet
    from games import make

    game = make("connect_four")
    torch.manual_seed(seed)
    model = PolicyValueNet(NetworkConfig(blocks=1, channels=8), game.observation_shape, game.action_layout)
    Path(name).mkdir()
    safetensors_torch.save_file(model.state_dict(), f"{name}/model.safetensors")
    config = {"network": {"blocks": 1, "channels": 8}, "search": {"num_simulations": 12, "reuse": True}}
    Path(f"{name}/config.json").write_text(json.dumps({"schema": 1, "game": game.name, **config}))


def test_the_same_seed_is_the_same_match_to_the_last_bit(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the threads and the games at once: results, moves and what players thought of them."""
    network("a", 1)
    network("b", 2)
    words = "match a b?temperature=0.5 --games 24 --deterministic --seed 7"
    one = result(capsys, f"{words} --threads 1 --out one")
    other = result(capsys, f"{words} --threads 2 --num-slots 9 --out other")
    assert {**other, "folder": ""} == {**one, "folder": ""}
    assert games("other") == games("one")
    assert one["distinct_games"] > 12
    result(capsys, f"{words.replace('7', '8')} --threads 1 --out third")
    assert games("third") != games("one")


@pytest.mark.parametrize("game", ["hex:size=3", "go:size=3"])
def test_games_with_an_sgf_type_are_kept_as_sgf(capsys: pytest.CaptureFixture[str], game: str) -> None:
    from honte.sgf import game_tree

    found = result(capsys, f"match mcts:8 random --game {game} --games 6")
    trees = game_tree.parse((Path(found["folder"]) / "games.sgf").read_bytes())
    kept = games(found["folder"])
    assert len(trees) == len(kept) == 6
    for tree, record in zip(trees, kept, strict=True):
        root, *nodes = (tree[i] for i in game_tree.main_line(node.parent for node in tree))
        assert len(nodes) == len(record["moves"])
        assert {root.get("PB"), root.get("PW")} == {"mcts:8", "random"}
        assert root.get("PB") == record["players"][0]
        assert root.get("RE") == {1: "B+", 0: "0", -1: "W+"}[record["outcome"]]
        assert not nodes[0].get("C")
        assert nodes[record["opening"]].get("C").startswith("winrate ")
    assert not list(Path(result(capsys, "match random random --game nim --games 2")["folder"]).glob("*.sgf"))


def test_a_test_ends_a_match(capsys: pytest.CaptureFixture[str]) -> None:
    words = "match mcts:40 random --game tic_tac_toe --sprt 0 150 --sprt-model normalized --deterministic"
    found = result(capsys, words)
    assert found["sprt"]["verdict"] == "H1"
    assert found["games"] < 100
    assert "H1: mcts:40 is at +150 rather than at +0; LLR" in said(capsys, words)[0]


def test_a_match_from_a_judge_and_from_a_book(capsys: pytest.CaptureFixture[str]) -> None:
    judged = result(
        capsys, "match random random --game tic_tac_toe --games 8 --judge perfect --balance 0 --opening-plies 3"
    )
    assert judged["openings"]["judge"] == "perfect"
    assert all(game["opening"] == 3 for game in games(judged["folder"]))
    Path("book").write_text("b2 a1\nb2 a2\n")
    booked = result(capsys, "match random random --game tic_tac_toe --games 8 --book book")
    assert [game["moves"][:2] for game in games(booked["folder"])] == 2 * [*2 * [["b2", "a1"]], *2 * [["b2", "a2"]]]
    assert booked["distinct_openings"] == 2


def test_a_tournament_is_extended(capsys: pytest.CaptureFixture[str]) -> None:
    first = result(capsys, "tournament random mcts:30 --game tic_tac_toe --games 20 --anchor random=100")
    assert [player["player"] for player in first["players"]] == ["mcts:30", "random"]
    strong, weak = first["players"]
    assert (weak["elo"], weak["elo_low"], weak["elo_high"]) == (100, 100, 100)
    assert strong["elo_low"] < strong["elo"] < strong["elo_high"]
    assert strong["elo"] > 200
    assert strong["games"] == 20
    second = result(capsys, "tournament random mcts:30 minimax:2 --game tic_tac_toe --games 20")
    assert sum(player["games"] for player in second["players"]) == 2 * 60
    assert sum(player["elo"] for player in second["players"]) == pytest.approx(0, abs=1e-6)
    covariance = second["covariance"]
    for row, player in zip(range(3), second["players"], strict=True):
        assert player["elo_high"] - player["elo"] == pytest.approx(1.96 * covariance[row][row] ** 0.5, rel=1e-3)
    out, _ = said(capsys, "tournament --game tic_tac_toe")
    assert out.count("mcts:30") == 1
    assert "the first player's advantage" in out
    assert result(capsys, "tournament --game tic_tac_toe")["pairs"] == second["pairs"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("tournament", "name two players or more"),
        ("tournament random --game nim", "a tournament needs two players or more, and random is the only one"),
        ("tournament random mcts:5 --game nim --games 3", "--games is 3"),
        ("tournament random mcts:5 --game nim --anchor random", "write PLAYER=ELO"),
        ("tournament random mcts:5 --game nim --anchor mcts:9=0", "--anchor: 'mcts:9' is not one of the players"),
        ("tournament nowhere@every:2 random --game nim", "nowhere has no checkpoints"),
        ("tournament --out nowhere", "no tournament was played there"),
        ("tournament random mcts:5 --game nim --total 0", "--total is 0"),
    ],
)
def test_what_people_get_wrong(capsys: pytest.CaptureFixture[str], words: str, sentence: str) -> None:
    out, err = said(capsys, words, code=2)
    assert sentence in err
    assert err.count("\n") == 1
    assert out == ""
