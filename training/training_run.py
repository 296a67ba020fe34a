"""What every training run does, whether it learns from self-play or from labelled images.

A run lives in one folder: it starts there or resumes, trains, reports its progress, saves checkpoints, and stops when
it is finished or asked to. Where batches come from is the business of the two subclasses, ``AlphaZeroRun`` and
``ClassifierRun``.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from training.run import run_folder
from training.run.metrics import Metrics
from training.run.progress import ProgressReport, Rates
from training.trainer import Batch, Trainer, TrainingDiverged
from training.transfer import transfer_weights

REPORT_SECONDS = 2.0
"""Time between two progress reports."""


class TrainingRun(ABC):
    """One training run in one folder; ``go`` works until the run is finished or ``stopping`` returns True."""

    transferred = ""  # how the names of the weights begin that ``start_from`` takes from another network
    learning_rate_flag: str  # the command-line flag that sets the learning rate
    subject: str  # the game or the data set

    def __init__(
        self,
        config: Any,
        folder: Path,
        trainer: Trainer,
        watch: Callable[[ProgressReport], None],
        stopping: Callable[[], bool],
    ) -> None:
        """``watch`` gets every progress report; ``stopping`` says whether to stop."""
        self.config, self.folder, self.trainer, self.watch, self.stopping = config, folder, trainer, watch, stopping
        self.status: Literal["running", "stopped", "finished"] = "running"
        self.already_finished = False  # before this start
        self.report, self.rates = ProgressReport(), Rates()
        self.minutes_before = 0.0  # minutes of earlier starts
        self.checkpoint_steps: int = config.checkpoint_steps  # between two checkpoints; 0: the clock decides

    def begin(self) -> None:
        """Open the metrics and start the clocks, once the newest checkpoint is loaded."""
        self.metrics = Metrics(self.folder, resume_step=self.trainer.steps)
        self.report.notes += self.metrics.notes
        self._checkpoint_step = self.trainer.steps
        self._begin_time = self._report_time = self._checkpoint_time = time.monotonic()

    def start_from(self, folder: Path) -> None:
        """Start a new run with the weights of another network that fit. ValueError when its trunk does not fit."""
        trainer = self.trainer
        try:
            self.report.notes += transfer_weights(trainer.model, folder, only=self.transferred)
        except ValueError:
            self.close()
            raise
        self.trainer = Trainer(trainer.model, trainer.loss_fn, trainer.config, trainer.device)

    # ---- the loop ------------------------------------------------------------------------------------------------

    @abstractmethod
    def go(self) -> str:
        """Train until the run is finished or asked to stop; returns ``finished`` or ``stopped``."""

    @contextmanager
    def session(self) -> Iterator[None]:
        """The surroundings of the loop in ``go``: the run's status, its last checkpoint and report, and errors."""
        self.already_finished = self.finished()
        self.rates.skip_to(self.counts())
        try:
            if not self.already_finished:
                self.write_status("running")
            yield
            if not self.already_finished:
                self.save_checkpoint()
            self.report_progress()
        except TrainingDiverged as error:
            raise ValueError(
                f"training diverged: {error}; the newest checkpoint is whole: begin another run with"
                f" --init {self.folder} and a smaller {self.learning_rate_flag}"
            ) from error
        finally:
            self.close()
        if self.status == "finished" and not self.already_finished:
            self.write_status("finished", self.limit_reached())

    def continues(self) -> bool:
        """Whether the loop goes on: the run is not finished, and nobody has asked it to stop."""
        self.status = "finished" if self.finished() else "stopped" if self.stopping() else "running"
        return self.status == "running"

    def close(self) -> None:
        """Release what the run holds open."""
        self.metrics.close()

    @property
    def minutes(self) -> float:
        """Minutes of wall time that the run has worked, in all its starts together."""
        return self.minutes_before + (time.monotonic() - self._begin_time) / 60

    @abstractmethod
    def progress(self) -> float:
        """How much of the run is done, from 0 to 1."""

    @abstractmethod
    def limit_reached(self) -> str:
        """The limit that ends the run, in words for people; empty before it is reached."""

    def finished(self) -> bool:
        """Whether the run has reached one of its limits."""
        return self.limit_reached() != ""

    # ---- training ------------------------------------------------------------------------------------------------

    def train_step(self, batch: Batch) -> None:
        """One optimiser step; the learning rate is the schedule's value times the scale of this moment of the run."""
        self.trainer.learning_rate_scale = self.learning_rate_scale()
        self.report.smooth(self.update_weights(batch))

    def update_weights(self, batch: Batch) -> dict[str, float]:
        """Let the trainer learn from a batch; returns its metrics."""
        return self.trainer.step(batch)

    @abstractmethod
    def learning_rate_scale(self) -> float:
        """What the learning rate of the schedule is multiplied by now (``training/optimization/schedules.py``)."""

    # ---- checkpoints ---------------------------------------------------------------------------------------------

    def save_checkpoint_if_due(self) -> None:
        """Save a checkpoint when enough steps, or enough minutes, have passed since the last one."""
        if self.checkpoint_steps:
            due = self.trainer.steps - self._checkpoint_step >= self.checkpoint_steps
        else:
            due = time.monotonic() - self._checkpoint_time >= 60 * self.config.checkpoint_minutes
        if due:
            self.save_checkpoint()

    def save_checkpoint(self) -> None:
        """Write everything that a resumed run needs."""
        self.write_checkpoint()
        self.write_status("running")
        self._checkpoint_step, self._checkpoint_time = self.trainer.steps, time.monotonic()

    @abstractmethod
    def write_checkpoint(self) -> None:
        """Write the checkpoint itself."""

    # ---- what people see -----------------------------------------------------------------------------------------

    def write_status(self, status: Literal["running", "finished"], reason: str = "") -> None:
        """Write the run's status for people and for ``honte runs``."""
        step, samples = self.trainer.steps, self.num_samples()
        run_folder.write_status(self.folder, status, step=step, samples=samples, game=self.subject, reason=reason)

    def num_samples(self) -> int:
        """How many samples the run has got through."""
        return self.trainer.samples_seen

    def report_progress_if_due(self) -> None:
        """Report progress every ``REPORT_SECONDS``."""
        if time.monotonic() - self._report_time >= REPORT_SECONDS:
            self.report_progress()

    def report_progress(self) -> None:
        """Update the report and show it; append it to the metrics, unless the run was finished before this start."""
        report = self.report
        report.step, report.trained = self.trainer.steps, self.trainer.samples_seen
        report.minutes, report.progress = self.minutes, self.progress()
        rates = self.rates.update(self.counts())
        report.trained_per_second = rates["trained"]
        self.update_report(rates)
        if not self.already_finished:
            self.metrics.write(report.step, self.numbers(), report.rating())
            self.metrics.add_events({point.step: point.metrics() for point in report.ratings})
        self.watch(report)
        self._report_time = time.monotonic()

    def counts(self) -> dict[str, float]:
        """The counters whose rates per second are reported."""
        return {"trained": float(self.trainer.samples_seen)}

    def update_report(self, rates: dict[str, float]) -> None:  # noqa: B027  # images have nothing to add
        """Put into the report what only this kind of run knows; ``rates`` are those of ``counts``, per second."""

    def numbers(self) -> dict[str, float]:
        """What of the report is appended to the metrics."""
        return self.report.numbers()
