"""The AlphaZero loop (Silver et al. 2018): self-play makes games, the network learns from them and plays the next ones.

``AlphaZeroRun`` decides when self-play and learning take place; the ratio ``learn.reuse`` keeps them together. How
games are searched is in ``selfplay`` and ``agent``; how a step is computed is in ``training/trainer.py``.

With ``deterministic`` self-play and learning take turns, and everything follows from the random seed. A checkpoint then
also holds the moves of unfinished games, so a resumed run ends with the same bits as one that was never stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch

from agent.inference.evaluate import Evaluate
from agent.networks.policy_value import num_flops
from games.game import Game
from selfplay.distributed.checked_games import Games
from training import limits
from training.alphazero_parts import make_batches, make_gate, make_replay_buffer, make_runner
from training.auxiliary.heads import make_network, playing_weights
from training.config import TrainConfig
from training.data_parallel import LearnerGroup
from training.evaluation.gate import describe_test
from training.evaluation.rating_curve import RatedCheckpoint
from training.losses import policy_value_loss
from training.run.progress import ProgressReport
from training.run.run_storage import RunState, RunStorage
from training.start_checks import learner_device
from training.trainer import Batch, Trainer
from training.training_run import TrainingRun
from training.transfer import freeze

STORE_SECONDS = 5.0
"""The longest time that a finished game waits before it is written to disk."""

TRAINING_SECONDS = 1.0
"""The longest time that the learner trains before it looks for finished games again."""


class AlphaZeroRun(TrainingRun):
    """One self-play run in one folder."""

    config: TrainConfig
    learning_rate_flag = "--learn.trainer.learning-rate.value"

    def __init__(
        self,
        game: Game,
        config: TrainConfig,
        folder: Path,
        *,
        watch: Callable[[ProgressReport], None] = lambda report: None,
        grade: Callable[[Evaluate], dict[str, float]] | None = None,
        ratings: Callable[[], list[RatedCheckpoint]] = list,
        stopping: Callable[[], bool] = lambda: False,
        remote: Callable[..., Any] | None = None,
    ) -> None:
        """``watch`` gets every progress report; ``stopping`` says whether to stop.

        ``grade`` measures the playing network every ``grade_minutes``, and ``ratings`` returns the ratings of
        checkpoints: both go into the report. ``remote`` makes a runner that plays in other processes, from (game,
        config, evaluator, seed, first_id, missing).
        """
        self.game, self.subject, self.grade, self.ratings = game, game.name, grade, ratings
        learn = config.learn
        torch.manual_seed(config.seed)
        model = make_network(config.network, game.observation_shape, game.action_layout, learn.auxiliary.targets)
        if config.freeze:
            freeze(model.trunk)
        values = {"value_mix": learn.value_mix, "value_weight": learn.value_weight}
        self.loss = partial(policy_value_loss, **values, auxiliary=learn.auxiliary)
        trainer = Trainer(model, self.loss(), learn.trainer, learner_device(config))
        super().__init__(config, folder, trainer, watch, stopping)
        if config.deterministic:
            self.checkpoint_steps = max(1, config.checkpoint_steps)  # no clock decides
        self.learners: LearnerGroup | None = None  # other learner processes, from the first step on
        self.replay = make_replay_buffer(game, config)
        self.batches = make_batches(self.replay, config, trainer.device)
        self.storage = RunStorage(game, config, folder)
        self.games_to_store: list[Games] = []
        saved = self._load_checkpoint()
        self.runner = make_runner(game, config, saved, remote)
        self.runner.publish(self.weights, self.version)
        self.gate = make_gate(game, config)
        self.tested_step = self.version  # of the newest network that had its chance to be used
        self.begin()
        self._store_time = time.monotonic()
        self._grade_time = float("-inf")

    def _load_checkpoint(self) -> RunState:
        """Load the newest valid checkpoint and the stored games."""
        saved = self.storage.load(self.replay)
        self.version, self.num_games, self.minutes_before = saved.version, saved.num_games, saved.minutes
        self.evaluations_before = saved.evaluations  # of earlier starts; less those of this start's gradings
        if saved.trainer is not None:
            self.trainer.load_state(*saved.trainer)
        self.weights = saved.weights or playing_weights(self.trainer.averaged_weights())
        self.report.notes += saved.notes
        return saved

    def start_from(self, folder: Path) -> None:
        """Start a new run with the weights of another network that fit. ValueError when its trunk does not fit."""
        super().start_from(folder)
        self.publish_weights()

    # ---- the loop ------------------------------------------------------------------------------------------------

    def go(self) -> str:
        """Play and learn until the run is finished or asked to stop; returns ``finished`` or ``stopped``."""
        with self.session():
            while self.continues():
                games = self.generate_games()
                self.add_to_replay_buffer(games)
                self.train_network()
                if self.weights_are_due() and self.passes_gate():
                    self.publish_weights()
                self.save_checkpoint_if_due()
                self.report_progress_if_due()
        return self.status

    def generate_games(self) -> Games:
        """Games that self-play has finished; none while the learner is too far behind."""
        learn, samples_due = self.config.learn, self.samples_due()
        ahead = 1 if self.config.deterministic else 2 * learn.publish_steps  # batches that self-play may be ahead
        if samples_due >= ahead * learn.batch_size:
            return []
        self.runner.progress = self.progress()
        games: Games = self.runner.collect(0.0 if samples_due >= learn.batch_size else 0.5)
        return games

    def add_to_replay_buffer(self, games: Games) -> None:
        """Add finished games to the replay buffer, and write them to disk soon."""
        if games:
            self.replay.add(games)
            self.num_games += len(games)
            self.games_to_store.append(games)
        due = self.config.deterministic or time.monotonic() - self._store_time > STORE_SECONDS
        if self.games_to_store and due:
            self.store_games()

    def train_network(self) -> None:
        """Train until the learner has caught up with self-play; if not deterministic, only until weights are due."""
        learn, deadline = self.config.learn, time.monotonic() + TRAINING_SECONDS
        while (due := self.samples_due()) >= learn.batch_size:
            self.train_step(self.batches.batch(self.trainer.steps, more=due >= 2 * learn.batch_size))
            if not self.config.deterministic and (self.weights_are_due() or time.monotonic() >= deadline):
                break
        self.batches.drop()  # games may be added now

    def samples_due(self) -> float:
        """How many samples the learner still has to train on to reach ``learn.reuse`` times those of self-play."""
        if self.replay.num_added < self.config.learn.first_samples:
            return 0.0
        return self.replay.num_added * self.config.learn.reuse - self.trainer.samples_seen

    def update_weights(self, batch: Batch) -> dict[str, float]:
        """One step of the trainer, alone or together with other learner processes, which start at the first step."""
        if self.config.learn.processes == 1:
            return self.trainer.step(batch)
        if self.learners is None:
            self.learners = LearnerGroup(self.trainer, self.loss, self.config.learn.processes)
        return self.learners.step(batch)

    def learning_rate_scale(self) -> float:
        return limits.learning_rate_scale(self.config, self.progress())

    def weights_are_due(self) -> bool:
        """Whether self-play gets new weights now: every ``publish_steps``; in a deterministic run after each update."""
        due = self.config.deterministic or self.trainer.steps % self.config.learn.publish_steps == 0
        return due and self.trainer.steps > max(self.version, self.tested_step)

    def passes_gate(self) -> bool:
        """Whether the network as it is now beats the one that self-play uses; true in a run without a gate."""
        self.tested_step = self.trainer.steps
        if self.gate is None:
            return True
        found = self.gate.test(playing_weights(self.trainer.averaged_weights()), self.weights, self.tested_step)
        self.evaluations_before += found.evaluations  # the match is work of the run
        self.report.notes.append(describe_test(found, self.tested_step, self.version))
        return found.passed

    def publish_weights(self) -> None:
        """Let self-play go on with the network as it is now."""
        self.version, self.weights = self.trainer.steps, playing_weights(self.trainer.averaged_weights())
        self.runner.publish(self.weights, self.version)

    # ---- limits --------------------------------------------------------------------------------------------------

    @property
    def evaluations(self) -> int:
        """The positions that self-play's network has evaluated, in all starts of the run together."""
        return self.evaluations_before + int(self.runner.evaluator.evaluated)

    @cached_property
    def flops(self) -> int:
        """Operations of one forward pass of one position; counting them takes seconds."""
        return num_flops(self.trainer.model, self.game.observation_shape)

    @property
    def work(self) -> float:
        """The work of the networks so far, in 10^12 operations."""
        return limits.count_work(self.flops, self.evaluations, self.trainer.samples_seen)

    def spent(self) -> limits.Spent:
        """What is counted against the run's limits; work only where it is limited."""
        return limits.Spent(self.replay.num_added, self.minutes, self.work if self.config.max_work else 0.0)

    def progress(self) -> float:
        """How much of the run is done, from 0 to 1."""
        return limits.progress(self.config, self.spent())

    def limit_reached(self) -> str:
        """The limit that ends the run, in words for people; empty before it is reached."""
        behind = self.samples_due() >= self.config.learn.batch_size
        return limits.limit_reached(self.config, self.spent(), learner_is_behind=behind)

    # ---- what is saved -------------------------------------------------------------------------------------------

    def store_games(self) -> None:
        """Write the finished games that are not on disk yet."""
        self.storage.write_games(self.games_to_store)
        self.games_to_store, self._store_time = [], time.monotonic()

    def write_checkpoint(self) -> None:
        """Write the games first, then a checkpoint that counts them."""
        self.store_games()
        self.storage.save(
            RunState(
                trainer=self.trainer.state(),
                weights=self.weights,
                version=self.version,
                num_games=self.num_games,
                next_id=self.runner.next_id,
                missing=self.runner.missing,
                minutes=self.minutes,
                evaluations=self.evaluations,
                in_flight=self.runner.in_flight() if self.config.deterministic else [],
                self_play=self.runner.state(),
            ),
            step=self.trainer.steps,
            window=len(self.replay),
        )

    def close(self) -> None:
        """Stop self-play and the other learner processes."""
        self.runner.close()
        self.batches.close()
        if self.learners is not None:
            self.learners.close()
        super().close()

    # ---- what people see -----------------------------------------------------------------------------------------

    def num_samples(self) -> int:
        """How many samples self-play has made."""
        return self.replay.num_added

    def counts(self) -> dict[str, float]:
        """The counters whose rates per second are reported."""
        evaluator = self.runner.evaluator
        return super().counts() | {
            "games": float(self.num_games),
            "moves": float(self.runner.moves),
            "evaluated": float(evaluator.evaluated),
            "asked": float(evaluator.asked),
            "calls": float(evaluator.calls),
        }

    def update_report(self, rates: dict[str, float]) -> None:
        """Counters, speeds, grades, ratings and notes of self-play."""
        report = self.report
        report.games, report.samples, report.window = self.num_games, self.replay.num_added, len(self.replay)
        report.version, report.work = self.version, self.spent().work
        report.games_per_second, report.moves_per_second = rates["games"], rates["moves"]
        report.evaluations_per_second, report.simulations_per_second = rates["evaluated"], rates["asked"]
        report.rows_per_call = rates["evaluated"] / rates["calls"] if rates["calls"] else 0.0
        report.cache_hits = 1 - rates["evaluated"] / max(rates["asked"], 1e-9)
        self.grade_if_due()
        report.notes += self.runner.notes
        self.runner.notes.clear()
        report.ratings = self.ratings()

    def grade_if_due(self) -> None:
        """Grade the playing network every ``grade_minutes``, and once more when the run is finished."""
        wait = 60 * self.config.grade_minutes
        if self.grade is None or wait <= 0 or self.status == "stopped":
            return
        if self.status == "finished" or time.monotonic() - self._grade_time >= wait:
            evaluations = self.evaluations
            self.report.set_grades(self.grade(self.runner.evaluator))
            self._grade_time = time.monotonic()
            self.evaluations_before -= self.evaluations - evaluations  # grading is no work of the run
            self.rates.skip_to(self.counts())
