"""A run that learns to classify images: batches of augmented pictures, checkpoints, and accuracies as it goes.

``ClassifierRun`` decides which pictures are in a batch and when they are evaluated; how a step is computed is in
``training/trainer.py``, which learns games with the same lines.

Batch n and its augmentation follow from (random seed, n) alone, so a resumed run has the same bits when it uses the
same number of threads. ``max_minutes`` and ``max_cpu_minutes`` bring in a clock, which then shortens the learning-rate
cycle. ``max_cpu_minutes`` counts the processor time of all threads of this process together: such a budget buys the
same training on a busy machine.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from agent.networks.image_classifier import Classifier, ClassifierConfig
from agent.settings import BelowOne, Count, Number, Positive, PositiveNumber, Range, Seed, Settings, Slots
from training.images.adversarial import adversarial_loss
from training.images.augmentation import AugmentConfig, augment
from training.images.datasets import DataSet, Split, shuffle_pixels, split
from training.images.prediction import SCHEMA, accuracy, predict
from training.losses import classification_loss, neuron_loss
from training.optimization.schedules import one_cycle_scale
from training.run import checkpoints, run_folder
from training.run.progress import ProgressReport
from training.trainer import Trainer, TrainerConfig
from training.training_run import TrainingRun
from training.transfer import freeze


@dataclass(frozen=True, kw_only=True)
class ImageConfig(Settings):
    """A whole run. Its learning rate goes through one cycle: a linear rise, then a cosine to nearly 0."""

    dataset: str  # the pictures
    data_sha256: str = ""  # of pixels and labels; set when the data set is read
    seed: Seed = 0  # the random seed
    threads: Annotated[int, Range(0, 1024)] = 0  # of torch; 0: OMP_NUM_THREADS, else the number of cores
    epochs: PositiveNumber = 20.0  # passes over the training pictures
    max_minutes: Number = 0.0  # of wall time, every start of the run together; 0: no limit
    max_cpu_minutes: Number = 0.0  # of processor time, every start of the run together; 0: no limit
    batch_size: Slots = 128  # pictures in each training batch
    warm_up: BelowOne = 0.15  # the share of the run in which the learning rate rises
    validation: BelowOne = 0.05  # share of the training pictures that are used for validation
    test: BelowOne = 0.2  # share of all pictures that are used for the test, if the data has no test set of its own
    limit: Count = 0  # of training pictures; 0: all
    size: Annotated[int, Range(0, 65_536)] = 0  # to which a folder's pictures are scaled, in pixels; 0: their own size
    shuffle_pixels: bool = False  # an experiment: one permutation of the pixels, the same for all pictures
    loss: Literal["cross_entropy", "neuron"] = "cross_entropy"  # neuron: half the squared error of logistic neurons
    label_smoothing: BelowOne = 0.0  # share of each target that is spread over all classes
    adversarial: BelowOne = 0.0  # train on adversarial pictures of this strength, a share of full brightness
    flip_test: bool = False  # predict with the mean over a picture and its mirror image
    shift_test: Annotated[int, Range(0, 1024)] = 0  # and over copies moved by so many pixels up, down, left and right
    freeze: bool = False  # train only the head; for a trunk from another run (--init)
    network: ClassifierConfig = field(default_factory=ClassifierConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    evaluate_epochs: PositiveNumber = 1.0  # epochs between two evaluations on the validation pictures
    checkpoint_minutes: Number = 0.5  # minutes between two checkpoints
    checkpoint_steps: Count = 0  # steps between checkpoints; 0: checkpoint_minutes decides
    keep_checkpoints: Positive = 2  # how many of the newest checkpoints stay on disk


MAY_CHANGE = frozenset(
    {
        "threads",
        "max_minutes",
        "max_cpu_minutes",
        "epochs",
        "evaluate_epochs",
        "checkpoint_minutes",
        "checkpoint_steps",
    }
)
"""The settings that may change when a run is resumed."""


class ClassifierRun(TrainingRun):
    """One image classification run in one folder."""

    config: ImageConfig
    transferred = "trunk."
    learning_rate_flag = "--trainer.learning-rate.value"

    def __init__(
        self,
        data: DataSet,
        config: ImageConfig,
        folder: Path,
        *,
        watch: Callable[[ProgressReport], None] = lambda report: None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """``watch`` gets every progress report; ``stopping`` says whether to stop."""
        self.data, self.subject = data, model_config(data, config)["game"]
        self.parts = split_data(data, config)
        if config.threads:
            torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        model = Classifier(config.network, data.shape, len(data.classes))
        pixels = self.parts.train.images.float().transpose(0, 1).flatten(1)  # [C, N * H * W]
        model.mean.copy_(pixels.mean(1))
        model.std.copy_(pixels.std(1).clamp_min(1e-3))
        del pixels
        if config.freeze:
            freeze(model.trunk)
        loss = neuron_loss() if config.loss == "neuron" else classification_loss(label_smoothing=config.label_smoothing)
        if config.adversarial:
            loss = adversarial_loss(loss, config.adversarial)
        super().__init__(config, folder, Trainer(model, loss, config.trainer), watch, stopping)
        self.evaluation_model = copy.deepcopy(model)  # gets the averaged weights for every evaluation
        self.batch_size = min(config.batch_size, len(self.parts.train.labels))
        self.batches = len(self.parts.train.labels) // self.batch_size  # of an epoch
        self.cpu_minutes_before = 0.0  # processor time of earlier starts
        self._load_checkpoint()
        self._begin_cpu_time = time.process_time()
        self.begin()

    def _load_checkpoint(self) -> None:
        folder = self.folder / run_folder.CHECKPOINTS
        found, skipped = checkpoints.load_newest(folder)
        self.report.notes += [f"checkpoint {bad.step} was passed over: {bad.reason}" for bad in skipped]
        if found is not None:
            checkpoints.discard_after(folder, found.step)
            self.trainer.load_state(found.tensors["optimizer"], found.state["trainer"])
            self.minutes_before, self.report.grades = found.state["minutes"], dict(found.state["grades"])
            # Runs of earlier versions counted processor time only, under the name "minutes".
            self.cpu_minutes_before = found.state.get("cpu_minutes", self.minutes_before)

    # ---- the loop ------------------------------------------------------------------------------------------------

    def go(self) -> str:
        """Learn until the run is finished or asked to stop; returns ``finished`` or ``stopped``."""
        with self.session():
            evaluations = self.evaluations_due()
            while self.continues():
                self.train_step(self.batch(self.trainer.steps))
                if self.evaluations_due() > evaluations and not self.finished():
                    evaluations = self.evaluations_due()
                    self.evaluate("validation")
                self.save_checkpoint_if_due()
                self.report_progress_if_due()
            if self.status == "finished" and not self.already_finished:
                self.evaluate("validation")
                self.evaluate("test")
        return self.status

    def batch(self, step: int) -> dict[str, Tensor]:
        """The batch of ``step``: every epoch shows all pictures in an order of its own, augmented as configured."""
        epoch, place = divmod(step, self.batches)
        images, labels = self.parts.train
        chosen = epoch_order(self.config.seed, epoch, len(labels))[place * self.batch_size :][: self.batch_size]
        number = np.random.SeedSequence([self.config.seed, step]).generate_state(1)[0]
        random = torch.Generator().manual_seed(int(number))
        image, label = augment(images[chosen], labels[chosen], self.config.augment, len(self.data.classes), random)
        return {"image": image, "label": label}

    def learning_rate_scale(self) -> float:
        """The learning rate goes through one cycle over the whole run."""
        return one_cycle_scale(self.progress(), self.config.warm_up)

    @property
    def cpu_minutes(self) -> float:
        """Minutes of processor time that the run has used, in all its starts together."""
        return self.cpu_minutes_before + (time.process_time() - self._begin_cpu_time) / 60

    def progress(self) -> float:
        """How much of the run is done, from 0 to 1."""
        config = self.config
        shares = [self.trainer.steps / max(1, round(config.epochs * self.batches))]
        if config.max_minutes:
            shares.append(self.minutes / config.max_minutes)
        if config.max_cpu_minutes:
            shares.append(self.cpu_minutes / config.max_cpu_minutes)
        return min(1.0, max(shares))

    def limit_reached(self) -> str:
        """How many epochs a finished run has learned; empty while it is not finished."""
        return f"{self.trainer.steps / self.batches:.1f} epochs" if self.progress() >= 1 else ""

    def evaluations_due(self) -> int:
        """How many evaluations on validation pictures belong to the steps so far."""
        return int(self.trainer.steps / self.batches / self.config.evaluate_epochs)

    def evaluate(self, part: Literal["validation", "test"]) -> None:
        """Measure the accuracy on the pictures of ``part``."""
        images, labels = getattr(self.parts, part)
        if len(labels):
            flip, shift = self.config.flip_test, self.config.shift_test
            grade = accuracy(predict(self.averaged_model(), images, flip=flip, shift=shift), labels)
            self.report.grades[f"{part}_accuracy"] = grade
            times = {"minutes": self.minutes, "cpu_minutes": self.cpu_minutes}
            self.metrics.write(self.trainer.steps, {f"{part}_accuracy": grade, **times})

    def averaged_model(self) -> nn.Module:
        """The classifier as it would be used now: with averaged weights, where there is an average."""
        self.evaluation_model.load_state_dict(self.trainer.averaged_weights())
        return self.evaluation_model.eval()

    # ---- what is saved, and what people see ----------------------------------------------------------------------

    def write_checkpoint(self) -> None:
        """Write a checkpoint and remove old ones."""
        tensors, values = self.trainer.state()
        folder, step = self.folder / run_folder.CHECKPOINTS, self.trainer.steps
        groups = {"model": self.trainer.averaged_weights(), "optimizer": tensors}
        times = {"minutes": self.minutes, "cpu_minutes": self.cpu_minutes}
        state = {"trainer": values, **times, "grades": self.report.grades}
        checkpoints.save_checkpoint(folder, step, groups, state, model_config(self.data, self.config))
        checkpoints.prune_checkpoints(folder, self.config.keep_checkpoints)

    def numbers(self) -> dict[str, float]:
        """The numbers of the report that tell something of images."""
        names = ("trained", "minutes", "progress", "trained_per_second")
        numbers = {name: float(getattr(self.report, name)) for name in names}
        return self.report.losses | numbers | {"cpu_minutes": self.cpu_minutes}


@lru_cache(maxsize=4)
def epoch_order(seed: int, epoch: int, count: int) -> Tensor:
    """[count]: the order in which an epoch shows its pictures."""
    random = np.random.Generator(np.random.Philox(key=[seed, epoch + 2]))
    return torch.from_numpy(random.permutation(count))


def split_data(data: DataSet, config: ImageConfig) -> Split:
    """The training, validation and test pictures that ``config`` asks for."""
    parts = split(data, seed=config.seed, validation=config.validation, test=config.test, limit=config.limit)
    return Split(*(shuffle_pixels(part, config.seed) for part in parts)) if config.shuffle_pixels else parts


def model_config(data: DataSet, config: ImageConfig) -> dict[str, Any]:
    """The ``config.json`` of a model folder: what prediction needs besides the weights."""
    return {
        "schema": SCHEMA,
        "game": f"pictures: {data.name}",
        "classifies": data.name,
        "classes": list(data.classes),
        "shape": list(data.shape),
        "network": asdict(config.network),
        "flip_test": config.flip_test,
        "shift_test": config.shift_test,
    }
