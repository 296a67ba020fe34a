"""``honte predict``: what a classifier that was trained sees on pictures.

Knows its flags and a table. Does not know layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from honte.cli.flags import Argument, parse_flags
from honte.command_line import Output, format_table

TOLD = 3


@dataclass(frozen=True)
class Predict:
    """Say what is on PICTURES, by the classifier of a run, checkpoint or model folder."""

    run: Annotated[str, Argument("RUN")]
    """such as runs/fashion_mnist_lenet"""
    pictures: Annotated[tuple[Path, ...], Argument("PICTURE ...")]
    """picture files of any size; they are read as for training"""
    invert: bool = False
    """dark and bright change places: for ink on paper, where the training pictures are bright on black"""
    json: bool = False
    """one JSON object on stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(Predict, arguments, "predict")
    if not args.pictures:
        raise ValueError("name at least one picture")
    import torch

    from training.images.picture_files import measure_picture, read_picture
    from training.images.prediction import load_classifier, predict

    output = Output(args.json)
    model, config = load_classifier(args.run)
    for path in args.pictures:
        if measure_picture(path).animated:
            output.say(f"note: of {path}, which is animated, the first frame is taken")
    images = torch.stack([torch.from_numpy(read_picture(path, model.shape).copy()) for path in args.pictures])
    images = 255 - images if args.invert else images
    chances = predict(model, images, flip=config["flip_test"], shift=config["shift_test"])
    rows, results = [["picture", "is", ""]], []
    for path, mine in zip(args.pictures, chances, strict=True):
        best = mine.argsort(descending=True, stable=True)[:TOLD].tolist()
        named = {config["classes"][k]: round(float(mine[k]), 6) for k in best}
        first = next(iter(named))
        rows.append([str(path), first, ", ".join(f"{name} {chance:.1%}" for name, chance in named.items())])
        results.append({"picture": str(path), "class": first, "chances": named})
    output.say(format_table(rows))
    output.result({"run": args.run, "predictions": results})
    return 0
