"""``honte predict``: the classes of pictures, by a trained classifier.

Knows its flags and the table. Does not know layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from honte.cli.flag_parser import parse_flags
from honte.cli.flags import Argument
from honte.command_line import Output, format_table

NUM_CLASSES = 3
"""How many classes are printed for each picture, the most probable first."""


@dataclass(frozen=True)
class PredictFlags:
    """Predict the classes of pictures with the classifier of a run, checkpoint or model folder."""

    run: Annotated[str, Argument("RUN")]
    """the classifier, such as runs/fashion_mnist_lenet"""
    pictures: Annotated[tuple[Path, ...], Argument("PICTURE ...")]
    """picture files of any size, which are resized as in training"""
    invert: bool = False
    """swap dark and bright: for dark ink on paper, if the training pictures are bright on black"""
    json: bool = False
    """print the result as one JSON object, the last line of stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(PredictFlags, arguments, "predict")
    if not args.pictures:
        raise ValueError("PICTURE is missing; the usage is: honte predict RUN PICTURE ... [flags]")
    import torch

    from training.images.picture_files import measure_picture, read_picture
    from training.images.prediction import load_classifier, predict

    output = Output(args.json)
    model, config = load_classifier(args.run)
    for path in args.pictures:
        if measure_picture(path).animated:
            output.say(f"note: {path} is animated; its first frame is used")
    images = torch.stack([torch.from_numpy(read_picture(path, model.shape).copy()) for path in args.pictures])
    images = 255 - images if args.invert else images
    chances = predict(model, images, flip=config["flip_test"], shift=config["shift_test"])
    rows, results = [["picture", "class", "probabilities"]], []
    for path, mine in zip(args.pictures, chances, strict=True):
        best = mine.argsort(descending=True, stable=True)[:NUM_CLASSES].tolist()
        named = {config["classes"][k]: round(float(mine[k]), 6) for k in best}
        first = next(iter(named))
        rows.append([str(path), first, ", ".join(f"{name} {chance:.1%}" for name, chance in named.items())])
        results.append({"picture": str(path), "class": first, "chances": named})
    output.say(format_table(rows))
    output.result({"run": args.run, "predictions": results})
    return 0
