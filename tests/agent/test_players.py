"""Text into players: what is written right plays, what is written wrong is told so."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

import games.registry
from agent import weights
from agent.decision import Decisions, Terms
from agent.networks.policy_value import NetworkConfig, PolicyValueNet
from agent.player import Player, RandomPlayer
from agent.players import NetworkPlayer, learned_game, load_network, make_player
from agent.search.search import Search
from agent.solvers.minimax import MinimaxPlayer
from agent.solvers.perfect_player import PerfectPlayer
from agent.storage import model_folder
from games.game import Game

made = cache(games.registry.make)
SMALL: dict[str, Any] = {"blocks": 1, "channels": 8, "head_channels": 4, "hidden": 8}


def save(folder: Path, game: Game, *, seed: int = 0, search: dict[str, Any] | None = None, **network: Any) -> Path:
    """A model folder with a small random network."""
    torch.manual_seed(seed)
    config = {**SMALL, **network}
    net = PolicyValueNet(NetworkConfig(**config), game.observation_shape, game.action_layout)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.contiguous() for name, tensor in net.state_dict().items()}
    safetensors.torch.save_file(tensors, folder / "model.safetensors")
    content = {"schema": 1, "game": game.name, "network": config, "search": search or {"num_simulations": 12}}
    (folder / "config.json").write_text(json.dumps(content))
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with checkpoints of steps 100 and 1200."""
    run = tmp_path_factory.mktemp("runs") / "first"
    save(run / "checkpoints" / "100", made("connect_four"), seed=1)
    save(run / "checkpoints" / "1200", made("connect_four"), seed=2)
    return run


def first_moves(who: Player, game: Game, count: int = 2) -> Decisions:
    """Decisions at the first position, in slots 0 to ``count``."""
    states = game.new(count)
    game.init(states)
    who.think(np.arange(count), states, Terms.of(count))
    out = Decisions.empty(count, game.num_actions)
    ready = 0
    while ready < count:
        slots, decisions = who.decide()
        ready += len(slots)
        for into, given in zip(out, decisions, strict=True):
            into[slots] = given
    return out


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("random", RandomPlayer),
        ("mcts:20", Search),
        ("minimax:2", MinimaxPlayer),
        ("minimax:2?seconds=0.5", MinimaxPlayer),
        ("perfect", PerfectPlayer),
        ("perfect?quickest=true", PerfectPlayer),
    ],
)
def test_players_of_any_game(text: str, kind: type) -> None:
    game = made("tic_tac_toe")
    who = make_player(text, game, num_slots=2)
    assert isinstance(who, kind)
    assert learned_game(text) is None
    out = first_moves(who, game)
    assert ((out.action >= 0) & (out.action < 9)).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mtcs:5", r"there is no player 'mtcs:5'; did you mean mcts:5\?"),
        ("nowhere/run", "no run or model folder"),
        ("mcts", "whole number from 1 to .*mcts:5"),
        ("mcts:0", "whole number from 1 to"),
        ("minimax:2?seconds=0", "seconds is '0'; it must be a number above 0"),
        ("minimax:2.5", "whole number from 1 to 1,000 behind its colon, such as minimax:5"),
        ("random?simulations=3", "unknown setting 'simulations'; there are none"),
        ("perfect?quickest=maybe", "quickest is 'maybe'; it must be true or false"),
    ],
)
def test_wrong_texts(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make_player(text, made("connect_four"), num_slots=1)


def test_the_exploration_of_a_network_is_a_setting(run: Path) -> None:
    """A network that explores much visits more moves than one that does not explore."""
    most = []
    for c_init in (0, 1000):
        query = f"rule=puct&simulations=40&lookahead=0&reuse=false&c_init={c_init}"
        decisions = first_moves(
            make_player(f"{run}?{query}", made("connect_four"), num_slots=1), made("connect_four"), 1
        )
        most.append(int(decisions.visits.max()))
    assert most[0] > most[1]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("simulation=5", r"unknown setting 'simulation'; did you mean simulations\? there are simulations, seconds"),
        ("simulations=-1", "simulations is '-1'; it must be a whole number from 0 to"),
        ("simulations=many", "simulations is 'many'"),
        ("seconds=0", "seconds is '0'; it must be a number above 0 and at most"),
        ("temperature=nan", "temperature is 'nan'"),
        ("rule=uct", "rule is 'uct'; it must be gumbel or puct"),
        ("leaves=0", "leaves is '0'"),
        ("c_init=-1", "c_init is '-1'"),
        ("precision=fp64", "fp32, bf16, int8, auto or fast"),
        ("reuse", "reuse is ''; it must be true or false"),
        ("rule=gumbel&seconds=1", "gumbel must know"),
        ("rule=gumbel&c_init=1", "c_init belongs to PUCT, and gumbel does not read it; add rule=puct"),
    ],
)
def test_wrong_settings_of_a_network(run: Path, query: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make_player(f"{run}?{query}", made("connect_four"), num_slots=1)


@pytest.mark.parametrize("device", ["gpu", "cuda:99"])
def test_a_device_that_is_not_here(run: Path, device: str) -> None:
    with pytest.raises(ValueError, match=rf"device is '{device}': (it must be auto|torch finds)"):
        make_player(str(run), made("connect_four"), num_slots=1, device=device)


def test_torch_is_imported_only_for_a_network() -> None:
    code = """
import sys
import games.registry
from agent.players import make_player
game = games.registry.make("tic_tac_toe")
for text in ("random", "mcts:5", "minimax:2", "perfect"):
    make_player(text, game, num_slots=1)
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_a_model_folder_plays(run: Path) -> None:
    game, folder = made("connect_four"), run / "checkpoints" / "100"
    who = make_player(str(folder), None, num_slots=2, device="cpu")
    assert isinstance(who, NetworkPlayer)
    assert who.config.num_simulations == 12
    assert learned_game(str(folder)) == "connect_four"
    out = first_moves(who, game)
    assert (out.visits.sum(axis=1) == 12).all()
    config, tensors = load_network(f"{run}@100", game)
    assert config == NetworkConfig(**SMALL)
    assert tensors.keys() == PolicyValueNet(config, game.observation_shape, game.action_layout).state_dict().keys()


def test_no_simulations_is_the_network_alone(run: Path) -> None:
    game = made("connect_four")
    who = make_player(f"{run}?simulations=0", game, num_slots=2, device="cpu")
    out = first_moves(who, game)
    assert out.visits.sum() == 0
    config, tensors = load_network(run / "checkpoints" / "1200", game)
    net = PolicyValueNet(config, game.observation_shape, game.action_layout).eval()
    net.load_state_dict(tensors)
    states = game.new(1)
    game.init(states)
    with torch.inference_mode():
        policy = net(torch.from_numpy(game.describe_new(states).observation).float()).policy.softmax(1)[0]
    np.testing.assert_allclose(out.policy[0], policy.numpy(), atol=1e-5)
    assert out.action[0] == int(policy.argmax())


def test_settings_reach_the_search(run: Path) -> None:
    game = made("connect_four")
    text = f"{run}?simulations=20&rule=puct&leaves=8&lookahead=2&reuse=true&precision=bf16"
    who = make_player(text, game, num_slots=2, device="cpu")
    assert isinstance(who, NetworkPlayer)
    settings = who.config
    assert (settings.num_simulations, settings.rule, settings.leaves) == (20, "puct", 8)
    assert (settings.lookahead, settings.reuse) == (2, True)
    assert (first_moves(who, game).visits.sum(axis=1) == 20).all()


def test_temperature_is_the_players_own(run: Path) -> None:
    game = made("connect_four")
    cold = first_moves(make_player(f"{run}?simulations=0", game, num_slots=40, device="cpu"), game, 40)
    warm = first_moves(make_player(f"{run}?simulations=0&temperature=1", game, num_slots=40, device="cpu"), game, 40)
    assert len(set(cold.action)) == 1
    assert len(set(warm.action)) > 3


def test_seconds_end_a_move(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))  # a second passes at every look
    game = made("connect_four")
    who = make_player(f"{run}?seconds=5", game, num_slots=1, device="cpu")
    out = first_moves(who, game, 1)
    assert 0 < out.visits.sum() <= 5 * 8  # so many rounds of eight leaves
    assert next(clock) == 7


def test_a_run_gives_its_newest_checkpoint_or_the_one_asked_for(run: Path) -> None:
    assert model_folder.find_model(str(run)).name == "1200"
    assert model_folder.find_model(f"{run}@100").name == "100"
    with pytest.raises(ValueError, match="no checkpoint 300; it has 100, 1200"):
        model_folder.find_model(f"{run}@300")


def test_a_damaged_checkpoint_is_stepped_over(tmp_path: Path) -> None:
    game = made("tic_tac_toe")
    with pytest.raises(ValueError, match="has no checkpoints and no model"):
        model_folder.find_model(str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(ValueError, match="has no checkpoint yet"):
        model_folder.find_model(str(tmp_path))
    save(tmp_path / "checkpoints" / "1", game)
    for step, name, size in (("2", "model.safetensors", 3000), ("3", "config.json", 20)):
        path = save(tmp_path / "checkpoints" / step, game) / name
        path.write_bytes(path.read_bytes()[:size])
    with pytest.warns(UserWarning, match="checkpoint 3 .* is damaged .*; playing with checkpoint 1"):
        assert model_folder.find_model(str(tmp_path)).name == "1"
    with pytest.raises(ValueError, match="missing or damaged"):
        load_network(tmp_path / "checkpoints" / "2", game)


def test_another_game_is_refused(run: Path, tmp_path: Path) -> None:
    for name in ("tic_tac_toe", "connect_four:rows=5"):
        with pytest.raises(ValueError, match=f"has learned connect_four; it cannot play {name}"):
            make_player(str(run), made(name), num_slots=1)
    with pytest.raises(ValueError, match="does not say which game it plays"):
        make_player("random", None, num_slots=1)
    small = made("connect_four:rows=5")
    folder = save(tmp_path / "pooled", made("connect_four"), heads="pooled")
    first_moves(make_player(str(folder), small, num_slots=2, device="cpu"), small)  # this network plays any size


def test_weights_must_fit_their_config(tmp_path: Path) -> None:
    folder = save(tmp_path, made("connect_four"))
    content = json.loads((folder / "config.json").read_text())

    def refused(words: str, **changed: Any) -> None:
        (folder / "config.json").write_text(json.dumps({**content, **changed}))
        with pytest.raises(ValueError, match=words):
            make_player(str(folder), made("connect_four"), num_slots=1)

    refused("does not fit its config.json", network={**content["network"], "channels": 4})
    refused("config.json: the setting network.depth is unknown; there are blocks", network={"depth": 3})
    refused("the setting search.puct.c is unknown; there are c_init", search={"puct": {"c": 1}})
    refused("has schema 2, this version of honte reads 1", schema=2)


def test_shipped_networks_go_by_the_name_of_their_game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "HERE", tmp_path)
    game = made("connect_four:rows=5,columns=5")
    assert weights.folders() == []
    folder = save(tmp_path / "connect_four" / "rows=5-columns=5", game)
    assert weights.folders() == [folder]
    assert weights.games() == {game.name: folder}
    assert weights.folder("connect_four:rows=5,columns=5") == folder
    assert weights.folder("connect_four:rows=6,columns=5") is None
    assert weights.folder("othello") is None
    assert learned_game("connect_four:rows=5,columns=5?simulations=1") == game.name
    first_moves(make_player("connect_four:rows=5,columns=5", None, num_slots=2), game)


def test_a_folder_never_says_what_code_to_run(tmp_path: Path) -> None:
    folder = save(tmp_path, made("tic_tac_toe"))
    content = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**content, "game": "elsewhere/mine.py:game"}))
    assert learned_game(str(folder)) is None
    with pytest.raises(ValueError, match="name the game, too"):
        make_player(str(folder), None, num_slots=1)
