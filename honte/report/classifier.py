"""Reads the folder of a run of ``honte classify`` and returns the content of its report.

Knows the files in such a folder. Does not know how anything is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from honte.report import classifier_inside, curves
from honte.report.curves import Figure, Record, column
from honte.report.health_checks import HealthCheck, check_skipped_steps
from honte.report.summary import RunReport, describe_checkpoints, format_minutes, parameters_text, status
from selfplay.solved.grading import wilson_interval
from training.config import parse_config
from training.images.datasets import open_dataset
from training.images.prediction import load_classifier, predict
from training.images.training import ImageConfig, split_data

OVERFITTING = 0.05
"""The classifier overfits where its accuracy is this much higher on training pictures than on others."""


def read(folder: Path, config: Mapping[str, Any], records: list[dict[str, Any]]) -> RunReport:
    """The report of the run in ``folder``. Where its pictures are missing, a note says so and the rest is reported."""
    image_config: ImageConfig = parse_config(config, ImageConfig)
    subset, grades, cards, count = "validation", [], [], 0
    notes: list[str] = []
    try:
        data = open_dataset(image_config.dataset, image_config.size)
        if data.sha256 != image_config.data_sha256:
            raise ValueError(f"the pictures of {image_config.dataset} have changed since the run")
        notes += data.notes
        split = split_data(data, image_config)
        count = len(split.validation.labels)
        if status(folder).startswith("finished"):
            subset = "test"  # a run under way must not look at its test pictures
        pictures = getattr(split, subset)
        model, stored = load_classifier(str(folder))
        probabilities = predict(model, pictures.images, flip=stored["flip_test"], shift=stored["shift_test"])
        predictions = classifier_inside.Predictions(pictures, probabilities, stored["classes"])
        copies = ["mirrored"] * stored["flip_test"] + ["shifted"] * bool(stored["shift_test"])
        how = f"averaged over {' and '.join(copies)} copies" if copies else "one prediction each"
        grades = [_grade(predictions, f"{subset} pictures", how)]
        cards = classifier_inside.cards(model, predictions, image_config.seed)
    except ImportError as error:
        notes.append(f"the section about the inside of the network is missing: pip install scikit-learn ({error})")
    except ValueError as error:
        notes.append(f"the section about the inside of the network is missing: {error}")
    return RunReport(
        name=folder.resolve().name,
        game=f"pictures: {image_config.dataset}",
        status=status(folder),
        facts=_facts(folder, image_config, records),
        grades=grades,
        classes=[],
        checks=_checks(records, count),
        figures=_figures(records, count),
        checkpoints=describe_checkpoints(folder, records),
        board={},
        games=[],
        notes=notes,
        config=config,
        inside=cards,
    )


def _grade(predictions: classifier_inside.Predictions, name: str, how: str) -> dict[str, Any]:
    count = len(predictions.probabilities)
    wrong = count - int(predictions.confusion.trace())
    grade: dict[str, Any] = {"name": f"mistakes/{name}/{how}", "set": name, "how": how, "count": count}
    return grade | {"rate": wrong / count, "interval": list(wilson_interval(wrong, count)), "of": "pictures"}


def _facts(folder: Path, image_config: ImageConfig, records: list[dict[str, Any]]) -> list[tuple[str, str]]:
    last = {name: value for record in records for name, value in record.items()}
    changes = ", ".join(
        f"{name} {value}" for name, value in vars(image_config.augment).items() if value not in (0, "none")
    )
    return [
        ("minutes", format_minutes(last.get("minutes", 0.0))),
        # Earlier versions counted processor time only, under the name "minutes".
        ("minutes of processor time", format_minutes(last.get("cpu_minutes", last.get("minutes", 0.0)))),
        ("pictures trained on", f"{last.get('trained', 0):,.0f}"),
        ("learning steps", f"{last['step']:,}"),
        ("network", f"{image_config.network.kind}{parameters_text(folder)}"),
        ("augmentation", changes or "none"),
        ("seed", str(image_config.seed)),
        ("threads", str(image_config.threads or 1)),
    ]


def _checks(records: list[dict[str, Any]], count: int) -> list[HealthCheck]:
    """Overfitting, and skipped learning steps."""
    train, validation = (column(records, name) for name in ("accuracy", "validation_accuracy"))
    train, validation = train[train == train], validation[validation == validation]  # without NaN
    if not len(train) or not len(validation) or not count:
        return check_skipped_steps(records)
    text = f"The accuracy is {train[-1]:.1%} on training pictures (after augmentation)"
    text += f" and {validation[-1]:.1%} on {count:,} validation pictures."
    if float(train[-1]) > wilson_interval(round(float(validation[-1]) * count), count)[1] + OVERFITTING:
        text += " More augmentation, dropout or weight decay would help."
        return [*check_skipped_steps(records), HealthCheck("warn", "The classifier overfits", text)]
    return [*check_skipped_steps(records), HealthCheck("good", "The classifier does not overfit", text)]


def _figures(records: list[dict[str, Any]], count: int) -> list[Figure]:
    def wrong(name: str) -> list[Record]:
        return [{**record, name: 1 - record[name]} for record in records if name in record]

    mistakes, validation = [], wrong("validation_accuracy")
    if validation:
        at = curves.track(curves.positions(validation), slice(None))
        shares = column(validation, "validation_accuracy")
        mistakes.append(curves.rate_curve("validation pictures", at, shares, count))
    train = curves.averaged(wrong("accuracy"), {"accuracy": "training pictures"})
    mistakes += [replace(curve, quiet=True) for curve in train]
    note = "Share of pictures with a wrong prediction; bars are 95 % intervals. Training pictures are counted after"
    note += " augmentation, with the network as it was at that step."
    speed = curves.rates([record for record in records if "trained" in record], {"trained": ("pictures", 1.0)})
    figures = [
        Figure(
            key="pictures", section="strength", title="Mistakes", note=note, unit="%", scale="sqrt", curves=mistakes
        ),
        *curves.learning(records),
        Figure(
            key="speed",
            section="machine",
            title="Throughput per second",
            note="Per second of processor time.",
            curves=speed,
        ),
    ]
    return [figure for figure in figures if figure.curves]
