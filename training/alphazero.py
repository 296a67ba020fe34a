"""The AlphaZero loop: games come in, the network learns from them, the better network plays the next ones.

Knows the run: replay, trainer, runner and their ratio, and how they go on after a kill. Does not know how games are
searched, what a gradient is, or how progress is shown: ``watch`` sees every report.

With ``deterministic`` playing and learning take turns and everything follows from the seed: a checkpoint holds the
moves of games in flight, and a resumed run ends with the same bits as one that was never stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from agent.inference.evaluate import Evaluate
from agent.inference.network_evaluator import NetworkEvaluator
from agent.networks.policy_value import PolicyValueNet
from games.game import Game
from selfplay.distributed.checked_games import Games
from selfplay.local_runner import LocalRunner
from training.config import TrainConfig
from training.data_parallel import LearnerGroup
from training.evaluation.rating_curve import RatedCheckpoint
from training.losses import policy_value_loss
from training.replay_buffer import ReplayBuffer
from training.run import run_folder
from training.run.metrics import Metrics
from training.run.progress import ProgressReport, Rates
from training.run.run_storage import RunState, RunStorage
from training.start_checks import backend_config, learner_device
from training.trainer import Batch, Trainer, TrainingDiverged
from training.transfer import freeze, transplant

FLUSH_SECONDS = 5.0
"""Finished games wait no longer than this for their shard."""

VIEW_SECONDS = 2.0


class AlphaZeroRun:
    """One training run in one folder; ``go`` works until it is finished or ``stopping`` says so."""

    def __init__(
        self,
        game: Game,
        config: TrainConfig,
        folder: Path,
        *,
        watch: Callable[[ProgressReport], None] = lambda report: None,
        grade: Callable[[Evaluate], dict[str, float]] | None = None,
        rated: Callable[[], list[RatedCheckpoint]] = list,
        stopping: Callable[[], bool] = lambda: False,
        remote: Callable[..., Any] | None = None,
    ) -> None:
        """``grade`` measures the playing network now and then, ``rated`` knows checkpoints' ratings: for the metrics.

        ``remote`` makes a runner that plays elsewhere, of (game, config, evaluator, seed, first_id, missing).
        """
        self.game, self.config, self.folder = game, config, folder
        self.watch, self.grade, self.rated, self.stopping = watch, grade, rated, stopping
        learn = config.learn
        torch.manual_seed(config.seed)
        model = PolicyValueNet(config.network, game.observation_shape, game.action_layout)
        if config.freeze:
            freeze(model.trunk)
        self.loss = partial(policy_value_loss, value_mix=learn.value_mix, value_weight=learn.value_weight)
        self.trainer = Trainer(model, self.loss(), learn.trainer, learner_device(config))
        self.learners: LearnerGroup | None = None
        self.replay = ReplayBuffer(game, learn.window, full_budget=config.self_play.search.num_simulations)
        self.storage = RunStorage(game, config, folder)
        self.report, self.rates = ProgressReport(), Rates()
        self.pending: list[Games] = []
        saved = self._restore()
        backend = backend_config(config, remote=remote is not None)
        evaluator = partial(NetworkEvaluator, network=config.network, config=backend, wait=False)
        common: dict[str, Any] = {"seed": config.seed, "first_id": saved.next_id}
        if remote is None:
            play = partial(LocalRunner, deterministic=config.deterministic)
            self.runner = play(game, config.self_play, lambda: evaluator(game), **common)
        else:
            self.runner = remote(game, config.self_play, evaluator, missing=saved.missing, **common)
        if config.deterministic:
            self.runner.restore(saved.in_flight)
        self.runner.publish(self.weights, self.version)
        self.metrics = Metrics(folder, resume_step=self.trainer.steps)
        self.report.notes += [*saved.notes, *self.metrics.notes]
        self._begun = self._last_view = self._last_save = self._last_flush = time.monotonic()
        self._last_grade = -1e9

    def _restore(self) -> RunState:
        """Take up the newest valid checkpoint and the games that are stored."""
        saved = self.storage.load(self.replay)
        self.version, self.num_games, self.minutes_before = saved.version, saved.num_games, saved.minutes
        if saved.trainer is not None:
            self.trainer.load_state(*saved.trainer)
        self.weights = saved.weights or self.trainer.averaged_weights()
        return saved

    def start_from(self, folder: Path) -> None:
        """Begin a new run with what fits of another network, its trunk at least. ValueError when that does not."""
        self.report.notes += transplant(self.trainer.model, folder)
        self.trainer = Trainer(self.trainer.model, self.trainer.loss_fn, self.config.learn.trainer, self.trainer.device)
        self._publish()

    # ---- the loop ------------------------------------------------------------------------------------------------

    def go(self) -> str:
        """Play and learn until the run is finished; returns why it stopped: ``finished`` or ``stopped``."""
        before = done = self.finished()
        self.rates.mark(self._counts())
        try:
            if not before:
                self._say("running")
            while not self.stopping() and not (done := self.finished()):
                if self._owed() < self._limit():
                    self._take(self.runner.collect(0.0 if self._owed() >= self.config.learn.batch_size else 0.5))
                self._learn()
                self._look()
            if not before:
                self._save()
            if done:
                self._view()
        except TrainingDiverged as error:
            raise ValueError(
                f"training diverged: {error}; the newest checkpoint is whole: begin another run with"
                f" --init {self.folder} and a smaller --learn.trainer.learning-rate.value"
            ) from error
        finally:
            self.runner.close()
            if self.learners is not None:
                self.learners.close()
            self.metrics.close()
        if done and not before:
            self._say("finished", self._why())
        return "finished" if done else "stopped"

    @property
    def minutes(self) -> float:  # of work in this folder, every start of it together
        return self.minutes_before + (time.monotonic() - self._begun) / 60

    def progress(self) -> float:
        """How much of the run is done, 0 to 1; deterministic runs count samples only."""
        config = self.config
        shares = [self.replay.made / config.max_samples if config.max_samples else 0.0]
        if not config.deterministic and config.max_minutes:
            shares.append(self.minutes / config.max_minutes)
        return min(1.0, max(shares))

    def finished(self) -> bool:
        """Whether all is done that the configuration asks for."""
        made_all = 0 < self.config.max_samples <= self.replay.made
        if made_all and self.config.deterministic:
            return self._owed() < self.config.learn.batch_size
        return made_all or 0 < self.config.max_minutes <= self.minutes

    def _why(self) -> str:
        made_all = 0 < self.config.max_samples <= self.replay.made
        return f"max_samples {self.config.max_samples}" if made_all else f"max_minutes {self.config.max_minutes:g}"

    def _owed(self) -> float:
        """Samples that the learner still has to train on to keep its ratio to self-play."""
        if self.replay.made < self.config.learn.first_samples:
            return 0.0
        return self.replay.made * self.config.learn.reuse - self.trainer.samples_seen

    def _limit(self) -> float:
        """With more than this owed, self-play waits for the learner."""
        learn = self.config.learn
        return learn.batch_size if self.config.deterministic else 2.0 * learn.publish_steps * learn.batch_size

    def _take(self, games: Games) -> None:
        """Finished games go into replay, and to disk soon."""
        if games:
            self.replay.add(games)
            self.num_games += len(games)
            self.pending.append(games)
        if self.pending and (self.config.deterministic or time.monotonic() - self._last_flush > FLUSH_SECONDS):
            self._flush()

    def _learn(self) -> None:
        """Steps that are owed, and updates of the playing network between them."""
        learn, until = self.config.learn, time.monotonic() + 1.0
        while self._owed() >= learn.batch_size and (self.config.deterministic or time.monotonic() < until):
            self._cool()
            batch = self.replay.batch(learn.batch_size, self.config.seed, self.trainer.steps)
            self.report.smooth(self._step(batch))
            if not self.config.deterministic and self.trainer.steps % learn.publish_steps == 0:
                self._publish()
        if self.config.deterministic and self.trainer.steps > self.version:
            self._publish()
            self._save()

    def _step(self, batch: Batch) -> dict[str, float]:
        """A step of the trainer, alone or with other processes, which begin at the first step."""
        if self.config.learn.processes == 1:
            return self.trainer.step(batch)
        if self.learners is None:
            self.learners = LearnerGroup(self.trainer, self.loss, self.config.learn.processes)
        return self.learners.step(batch)

    def _cool(self) -> None:
        """The learning rate falls to a tenth over the last share of the run."""
        share, left = self.config.learn.cooldown, 1 - self.progress()
        self.trainer.learning_rate_scale = 1.0 if left >= share else 0.1 + 0.9 * left / share

    def _publish(self) -> None:
        self.version, self.weights = self.trainer.steps, self.trainer.averaged_weights()
        self.runner.publish(self.weights, self.version)

    # ---- what people see, and what survives ----------------------------------------------------------------------

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._last_view >= VIEW_SECONDS:
            self._view()
        if not self.config.deterministic and now - self._last_save >= 60 * self.config.checkpoint_minutes:
            self._save()

    def _view(self) -> None:
        report, rate = self.report, self.rates.look(self._counts())
        report.step, report.games, report.samples = self.trainer.steps, self.num_games, self.replay.made
        report.trained, report.minutes, report.progress = self.trainer.samples_seen, self.minutes, self.progress()
        report.window, report.version = len(self.replay), self.version
        report.games_per_second, report.moves_per_second = rate["games"], rate["moves"]
        report.evaluations_per_second, report.simulations_per_second = rate["evaluated"], rate["asked"]
        report.trained_per_second = rate["trained"]
        report.rows_per_call = rate["evaluated"] / rate["calls"] if rate["calls"] else 0.0
        report.cache_hits = 1 - rate["evaluated"] / max(rate["asked"], 1e-9)
        wait = 60 * self.config.grade_minutes
        if self.grade and wait > 0 and (time.monotonic() - self._last_grade >= wait or self.finished()):
            report.graded(self.grade(self.runner.evaluator))
            self._last_grade = time.monotonic()
            self.rates.mark(self._counts())
        report.notes += self.runner.notes
        self.runner.notes.clear()
        report.ratings = self.rated()
        self.metrics.write(report.step, report.numbers(), report.rating())
        self.metrics.place({point.step: point.metrics() for point in report.ratings})
        self.watch(report)
        self._last_view = time.monotonic()

    def _counts(self) -> dict[str, float]:
        evaluator = self.runner.evaluator
        counts = {"games": self.num_games, "moves": self.runner.moves, "trained": self.trainer.samples_seen}
        return {name: float(count) for name, count in counts.items()} | {
            "evaluated": float(evaluator.evaluated),
            "asked": float(evaluator.asked),
            "calls": float(evaluator.calls),
        }

    def _flush(self) -> None:
        self.storage.write_games(self.pending)
        self.pending, self._last_flush = [], time.monotonic()

    def _save(self) -> None:
        """Games first, then a checkpoint that counts them."""
        self._flush()
        self.storage.save(
            RunState(
                trainer=self.trainer.state(),
                weights=self.weights,
                version=self.version,
                num_games=self.num_games,
                next_id=self.runner.next_id,
                missing=self.runner.missing,
                minutes=self.minutes,
                in_flight=self.runner.in_flight() if self.config.deterministic else [],
            ),
            step=self.trainer.steps,
            window=len(self.replay),
        )
        self._say("running")
        self._last_save = time.monotonic()

    def _say(self, status: Any, reason: str = "") -> None:
        run_folder.write_status(
            self.folder,
            status,
            step=self.trainer.steps,
            samples=self.replay.made,
            game=self.game.name,
            reason=reason,
        )
