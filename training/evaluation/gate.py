"""The gate of AlphaGo Zero: self-play gets a new network only if it beats the one that plays now.

Silver et al. 2017, Methods, "Evaluator": 400 games, and more than 55 % of the points. AlphaZero (2018) has no gate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from agent.search.search import Search, SearchConfig
from agent.settings import Count, Fraction, Range, Settings
from games.game import Game
from selfplay.matches.match import play_match
from selfplay.runner import Evaluator, Weights

NUM_SLOTS = 64
"""Games of a match that are played at the same time."""


@dataclass(frozen=True, kw_only=True)
class GateConfig(Settings, called="learn.gate"):
    """Whether a new network has to win a match before self-play uses it."""

    games: Annotated[int, Range(0, 1_000_000, even=True)] = (
        0  # of the match against the network that self-play uses; 0: every new network is used
    )
    score: Fraction = 0.55  # it has to score more than this share of the points
    opening_plies: Count = 2  # random plies at the start of each game, which make the games differ


class GateResult(NamedTuple):
    """How a new network did."""

    score: float  # its share of the points, from 0 to 1
    passed: bool  # whether self-play uses it
    evaluations: int  # positions that both networks evaluated


class Gate:
    """Plays the matches. Both networks search as in self-play, without noise and without temperature."""

    def __init__(
        self, game: Game, config: GateConfig, search: SearchConfig, evaluator: Callable[[], Evaluator], seed: int
    ) -> None:
        """``evaluator`` makes the evaluator of a network."""
        self.game, self.config, self.search, self.seed = game, config, search, seed
        self.evaluators = (evaluator(), evaluator())

    def test(self, challenger: Weights, champion: Weights, step: int) -> GateResult:
        """The result of a match. ``step`` determines the openings."""
        before, players = self._evaluations(), []
        for evaluator, weights in zip(self.evaluators, (challenger, champion), strict=True):
            evaluator.load(weights, step)
            players.append(Search(self.game, evaluator, self.search, num_slots=NUM_SLOTS))
        result = play_match(
            self.game,
            *players,
            games=self.config.games,
            opening_plies=self.config.opening_plies,
            seed=self.seed + step,
            num_slots=NUM_SLOTS,
        )
        score = result.elo.score
        return GateResult(score, score > self.config.score, self._evaluations() - before)

    def _evaluations(self) -> int:
        return sum(int(evaluator.evaluated) for evaluator in self.evaluators)


def describe_test(result: GateResult, step: int, champion: int) -> str:
    """A sentence for people. ``champion`` is the step of the network that self-play used so far."""
    used = "is used" if result.passed else "is not used"
    scored = f"the network of step {step:,} scored {result.score:.1%} against that of step {champion:,}"
    return f"{scored} and {used} for self-play"
