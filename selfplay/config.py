"""The settings of self-play."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.search.search import SearchConfig
from agent.settings import Count, Fraction, Number, Positive, PositiveFraction, Settings, Slots, Temperature, Threads


@dataclass(frozen=True, kw_only=True)
class SelfPlayConfig(Settings, called="self_play"):
    """How games are played for learning."""

    num_games: Slots = 128  # that a group plays at once
    num_groups: Threads = 0  # one thread each; 0: one for each core except the learner's
    search: SearchConfig = field(default_factory=SearchConfig)
    full_fraction: PositiveFraction = (
        1.0  # of moves with a full search; the others get fast_simulations, and train the policy on request only
    )
    fast_simulations: Count = 8  # of the other moves; without effect unless search.num_simulations is more
    temperature: Temperature = 1.0  # of the moves before temperature_plies; 1: in proportion to the search policy
    temperature_plies: Count = 8  # from this ply on, late_temperature is used
    late_temperature: Temperature = 0.0  # of the other moves; 0: the best move is played
    opening_plies: Count = 2  # a game begins with up to so many random plies
    deep_openings: Fraction = 0.0  # share of games that begin with up to max_opening_plies random plies
    max_opening_plies: Count = 0  # the most random plies of a deep opening
    first_simulations: Count = (
        0  # of a full search at the start of the run; they rise to search.num_simulations; 0: no rise
    )
    rise_share: PositiveFraction = 1.0  # the share of the run in which they rise from first_simulations
    repeat_surprise: Number = 0.0  # a fast search that changed the policy so much (KL) is repeated in full; 0: never
    restart_share: Fraction = 0.0  # share of games that begin where recent games misjudged a position
    archive_games: Positive = 2048  # the newest games, one position of each, that restarts are drawn from
    measure_surprises: bool = False  # store how much each search changed the policy; learn.surprise_share turns it on
    resign_errors: Fraction = (
        0.0  # a player resigns where at most this share of resignations would be wrong; 0: nobody resigns
    )
    played_on: PositiveFraction = 0.1  # share of games in which nobody resigns, by which the others are judged
    stop_when_proven: bool = False  # a game ends once the search proves its outcome
    quantum: Positive = 2048  # deterministic runs: samples between two updates of the network

    def agree(self) -> None:
        if self.search.num_simulations < 1:
            raise ValueError("self_play.search.num_simulations is 0: it must be 1 or more, or nothing is learned")
        if self.first_simulations > self.search.num_simulations:
            raise ValueError(
                f"self_play.first_simulations is {self.first_simulations}: it must be at most search.num_simulations,"
                f" {self.search.num_simulations}"
            )
        if 0 < self.first_simulations <= self.fast_simulations and self.has_fast_searches:
            raise ValueError(
                f"self_play.first_simulations is {self.first_simulations}: it must be more than fast_simulations,"
                f" {self.fast_simulations}, or no search is a full one"
            )

    @property
    def has_fast_searches(self) -> bool:
        """Whether some moves get a fast search: not where a full one has no more simulations than that."""
        return self.full_fraction < 1 and self.fast_simulations < self.search.num_simulations
