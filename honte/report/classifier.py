"""A run that learned pictures as data for a page: curves, mistakes, and what is inside of its classifier.

Knows what lies in such a run's folder. Does not know how anything is drawn, nor what the cards inside mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from honte.report import classifier_inside, curves
from honte.report.curves import Figure, Record, column
from honte.report.health_checks import HealthCheck, skipped_steps
from honte.report.summary import RunStory, checkpoints_of, minutes, parameters, status
from selfplay.solved.grading import wilson_interval
from training.config import parse_config
from training.images.datasets import open_dataset
from training.images.prediction import load_classifier, predict
from training.images.training import ImageConfig, split_data

HEART = 0.05
"""So much more right on training pictures than on others is worth a word."""


def read(folder: Path, config: Mapping[str, Any], records: list[dict[str, Any]]) -> RunStory:
    """Everything of a run of ``honte classify``. What is not there any more, say its pictures, is told in the notes."""
    asked: ImageConfig = parse_config(config, ImageConfig)
    name, grades, cards, count = "validation", [], [], 0
    notes: list[str] = []
    try:
        data = open_dataset(asked.dataset, asked.size)
        if data.sha256 != asked.data_sha256:
            raise ValueError(f"the pictures of {asked.dataset} are others now")
        notes += data.notes
        split = split_data(data, asked)
        count = len(split.validation.labels)
        name = "test" if status(folder).startswith("finished") else name  # a run looks at its test pictures at its end
        pictures = getattr(split, name)
        model, said = load_classifier(str(folder))
        chances = predict(model, pictures.images, flip=said["flip_test"], shift=said["shift_test"])
        judged = classifier_inside.JudgedPictures(pictures, chances, said["classes"])
        more = ["mirrored"] * said["flip_test"] + ["moved"] * bool(said["shift_test"])
        views = f"averaged over {' and '.join(more)} copies" if more else "one view of each"
        grades = [_grade(judged, f"{name} pictures", views)]
        cards = classifier_inside.cards(model, judged, asked.seed)
    except ImportError as error:
        notes.append(f"nothing inside of it was looked at: pip install scikit-learn ({error})")
    except ValueError as error:
        notes.append(f"nothing inside of it was looked at: {error}")
    return RunStory(
        name=folder.resolve().name,
        game=f"pictures: {asked.dataset}",
        status=status(folder),
        facts=_facts(folder, asked, records),
        grades=grades,
        classes=[],
        alarms=_alarms(records, count),
        figures=_figures(records, count),
        checkpoints=checkpoints_of(folder, records),
        board={},
        games=[],
        notes=notes,
        config=config,
        inside=cards,
    )


def _grade(judged: classifier_inside.JudgedPictures, name: str, how: str) -> dict[str, Any]:
    count = len(judged.chances)
    wrong = count - int(judged.counts.trace())
    grade: dict[str, Any] = {"name": f"mistakes/{name}/{how}", "set": name, "how": how, "count": count}
    return grade | {"rate": wrong / count, "interval": list(wilson_interval(wrong, count)), "of": "pictures"}


def _facts(folder: Path, asked: ImageConfig, records: list[dict[str, Any]]) -> list[tuple[str, str]]:
    last = {name: value for record in records for name, value in record.items()}
    changes = ", ".join(f"{name} {value}" for name, value in vars(asked.augment).items() if value not in (0, "none"))
    return [
        ("minutes", minutes(last.get("minutes", 0.0))),
        # Earlier versions counted processor time only, under the name "minutes".
        ("minutes of processor time", minutes(last.get("cpu_minutes", last.get("minutes", 0.0)))),
        ("pictures trained on", f"{last.get('trained', 0):,.0f}"),
        ("learning steps", f"{last['step']:,}"),
        ("network", f"{asked.network.kind}{parameters(folder)}"),
        ("changed as it learns", changes or "not at all"),
        ("seed", str(asked.seed)),
        ("threads", str(asked.threads or 1)),
    ]


def _alarms(records: list[dict[str, Any]], count: int) -> list[HealthCheck]:
    seen, fresh = (column(records, name) for name in ("accuracy", "validation_accuracy"))
    seen, fresh = seen[seen == seen], fresh[fresh == fresh]
    if not len(seen) or not len(fresh) or not count:
        return skipped_steps(records)
    high = wilson_interval(round(float(fresh[-1]) * count), count)[1]
    bad = float(seen[-1]) > high + HEART
    text = f"{seen[-1]:.1%} right on training pictures as they were shown, {fresh[-1]:.1%} of {count:,} on others"
    more = "; more augmentation, dropout or weight decay help." if bad else "."
    title = "It learns by heart" if bad else "What it learned holds on other pictures"
    return [*skipped_steps(records), HealthCheck("warn" if bad else "good", title, text + more)]


def _figures(records: list[dict[str, Any]], count: int) -> list[Figure]:
    def wrong(name: str) -> list[Record]:
        return [{**record, name: 1 - record[name]} for record in records if name in record]

    found, (looked, shown) = [], (wrong("validation_accuracy"), wrong("accuracy"))
    if looked:
        at = curves.track(curves.positions(looked), slice(None))
        found.append(curves.rate_curve("validation pictures", at, column(looked, "validation_accuracy"), count))
    found += [replace(curve, quiet=True) for curve in curves.averaged(shown, {"accuracy": "as trained on"})]
    note = "Share of pictures taken for something else; bars are 95 % intervals. Training pictures are counted as they"
    note += " were shown: changed, and by the network in the middle of learning."
    speed = curves.rates([record for record in records if "trained" in record], {"trained": ("pictures", 1.0)})
    figures = [
        Figure(key="pictures", section="strength", title="Mistakes", note=note, unit="%", scale="sqrt", curves=found),
        *curves.learning(records),
        Figure(key="speed", section="machine", title="Throughput a second", note="", curves=speed),
    ]
    return [figure for figure in figures if figure.curves]
