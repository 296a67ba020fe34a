"""Which backend is chosen, what is left out, and what the next process knows of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.inference import backend_cache, backend_selection
from agent.inference.backend_benchmark import (
    AnswerDifference,
    compare_answers,
    is_close,
    sample_positions,
    seconds_per_position,
    update_seconds,
)
from agent.inference.backend_cache import Choice
from agent.inference.backend_selection import (
    BackendCandidate,
    BackendConfig,
    list_candidates,
    make_backend,
    select_fastest,
    selection_key,
)
from agent.inference.backends.torch import TorchBackend
from agent.inference.evaluate import Evaluation
from agent.networks.policy_value import NetworkConfig
from tests.games.made import made

SMALL = NetworkConfig(blocks=1, channels=8)
GAME = made("connect_four")


class Slow(TorchBackend):
    """The same answers, another name."""


class Wrong(TorchBackend):
    """Answers of another network."""

    def __call__(self, states: Any, positions: Any) -> Evaluation:
        answer = super().__call__(states, positions)
        return Evaluation(answer.logits[:, ::-1] * 5, -answer.value)


def named(**kinds: type[TorchBackend]) -> list[BackendCandidate]:
    return [BackendCandidate(name, lambda kind=kind: kind(GAME, SMALL)) for name, kind in kinds.items()]  # type: ignore[misc]


@pytest.fixture(autouse=True)
def unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HONTE_CACHE", str(tmp_path))


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> dict[type, float]:
    """Seconds a position by class; a backend that is measured without being here fails."""
    given: dict[type, float] = {}
    monkeypatch.setattr(
        backend_selection, "seconds_per_position", lambda backend, game, updates=False: given[type(backend)]
    )
    return given


def test_the_fastest_is_chosen_once_and_known_afterwards(costs: dict[type, float]) -> None:
    costs |= {TorchBackend: 2.0, Slow: 1.0}
    found = named(one=TorchBackend, other=Slow)
    name, chosen = select_fastest(found, GAME, "entry")
    assert (name, type(chosen)) == ("other", Slow)
    costs.clear()  # nothing is measured again
    assert select_fastest(found, GAME, "entry")[0] == "other"
    content = json.loads(backend_cache.cache_path().read_text())
    assert content["entry"] == {
        "engine": "other",
        "seconds_a_position": {"one": 2.0, "other": 1.0},
        "same_best_move": {"one": 1.0, "other": 1.0},
    }


def test_what_was_known_and_is_not_to_be_had_is_measured_again(costs: dict[type, float]) -> None:
    backend_cache.store_choice("entry", Choice("gone", {}))
    costs |= {TorchBackend: 1.0, Slow: 2.0}
    assert select_fastest(named(one=TorchBackend, other=Slow), GAME, "entry")[0] == "one"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"entry": 3}',
        '{"entry": {"engine": 7}}',
        '{"entry": {"engine": "one", "seconds_a_position": 3}}',
        "\x00\xff",
    ],
)
def test_a_damaged_file_is_as_none(text: str, costs: dict[type, float]) -> None:
    backend_cache.cache_path().parent.mkdir(parents=True, exist_ok=True)
    backend_cache.cache_path().write_text(text)
    assert backend_cache.load_choice("entry") is None
    costs |= {TorchBackend: 1.0, Slow: 2.0}
    assert select_fastest(named(one=TorchBackend, other=Slow), GAME, "entry")[0] == "one"
    choice = backend_cache.load_choice("entry")
    assert choice is not None
    assert choice.backend == "one"
    assert choice.measured["other"].seconds == 2.0


def test_a_file_of_the_version_before_is_read() -> None:
    entry = {"engine": "one", "seconds_a_position": {"one": 0.5}}
    backend_cache.cache_path().write_text(json.dumps({"entry": entry}))
    assert backend_cache.load_choice("entry") == Choice("one", {"one": backend_cache.Measurement(0.5, None)})


def test_wrong_answers_are_left_out_however_fast(costs: dict[type, float]) -> None:
    costs |= {TorchBackend: 1.0, Wrong: 0.0}
    with pytest.warns(UserWarning, match="wrong is left out: its answers are off by"):
        assert select_fastest(named(right=TorchBackend, wrong=Wrong), GAME, "entry")[0] == "right"


def test_an_unavailable_backend_is_refused() -> None:
    with pytest.raises(ValueError, match="fp16 needs a GPU"):
        make_backend(GAME, SMALL, BackendConfig(precision="fp16"))
    assert [each.name for each in list_candidates(GAME, SMALL, BackendConfig(kind="compile", precision="fp32"))] == [
        "compile fp32"
    ]
    names = [each.name for each in list_candidates(GAME, SMALL, BackendConfig(device="cuda", precision="fast"))]
    assert names == ["cuda fp32", "cuda bf16", "cuda fp16"]


def test_an_entry_tells_shapes_and_wishes_apart_and_no_caches() -> None:
    wish = BackendConfig()
    entries = {
        selection_key(GAME, SMALL, wish),
        selection_key(made("tic_tac_toe"), SMALL, wish),
        selection_key(GAME, NetworkConfig(blocks=2, channels=8), wish),
        selection_key(GAME, SMALL, BackendConfig(precision="fast")),
        selection_key(GAME, SMALL, BackendConfig(few=True)),
    }
    assert len(entries) == 5
    assert selection_key(GAME, SMALL, BackendConfig(cache_entries=0, canonical=True)) == selection_key(
        GAME, SMALL, wish
    )


def test_the_file_lies_where_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HONTE_CACHE", str(tmp_path))
    assert backend_cache.cache_path() == tmp_path / "engines.json"
    monkeypatch.setenv("HONTE_CACHE", str(tmp_path / "file"))
    (tmp_path / "file").write_text("in the way")
    backend_cache.store_choice("entry", Choice("one", {}))  # no place for it: nothing happens
    assert backend_cache.load_choice("entry") is None


def test_parity_by_hand() -> None:
    legal = np.array([[True, True, False], [True, True, True]])
    one = Evaluation(np.array([[1, 2, 9], [0, 0, 3]], np.float32), np.array([0.5, -0.5], np.float32))
    same = Evaluation(one.logits + 7, one.value)
    assert compare_answers(one, same, legal) == AnswerDifference(pytest.approx(0.0, abs=1e-6), 0.0, 1.0)
    other = Evaluation(np.array([[2, 1, 0], [0, 0, 3]], np.float32), np.array([0.5, -0.1], np.float32))
    found = compare_answers(one, other, legal)
    assert found.logits == pytest.approx(2 / 5)  # centred: -.5, .5 against .5, -.5; the second row is the same
    assert found.value == pytest.approx(0.2)
    assert found.same_best == 0.5
    assert is_close("int8", AnswerDifference(0.4, 0.1, 0.9))
    assert not is_close("fp32", found)


def test_what_is_tried_is_real_and_costs_time() -> None:
    states, positions = sample_positions(GAME, 100)
    assert not positions.terminal.any()
    assert len(np.unique(positions.observation.reshape(100, -1), axis=0)) > 60
    run = TorchBackend(GAME, SMALL)
    assert 0 < seconds_per_position(run, GAME, repeats=1) < seconds_per_position(run, GAME, updates=True, repeats=1) + 1
    assert update_seconds(run, states, positions, 0.0) > 0
