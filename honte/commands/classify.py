"""``honte classify``: learn to tell pictures apart, the same way that games are learned, and show how it goes.

Knows recipes, flags and the run folder's life cycle. Does not know how a run learns.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from honte.recipes import folder as recipes


def own_flags() -> argparse.ArgumentParser:
    """What is not part of the configuration."""
    parser = argparse.ArgumentParser(
        prog="honte classify",
        usage="honte classify DATASET [--model NAME] [flags]",
        add_help=False,
        allow_abbrev=False,
        description="Learn to tell pictures apart, or resume. DATASET: logic_gates, digits, mnist, fashion_mnist,"
        " a folder with one folder of pictures a class, a folder of idx or CIFAR-10 files, or an .npz file.",
    )
    parser.add_argument("--model", default="lenet", help=f"{', '.join(models())}, or a YAML file")
    parser.add_argument("--run", default="", help="the run's folder; runs/DATASET_MODEL unless given")
    parser.add_argument("--fresh", action="store_true", help="move a run that is there aside and start again")
    parser.add_argument(
        "--init", default="", help="a run whose trunk a new run starts from; --freeze keeps it as it is"
    )
    parser.add_argument(
        "--attack", default="", help="then fool it: fgsm:E or pgd:E, E of full brightness, say fgsm:0.05"
    )
    parser.add_argument("--locality", action="store_true", help="mlp and lenet with and without neighbouring pixels")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line of stdout")
    parser.add_argument("--print-config", action="store_true", help="print the resolved configuration and stop")
    return parser


def models() -> list[str]:
    """The recipes' names."""
    return sorted(path.stem for path in (recipes() / "images").glob("*.yaml"))


def recipe(model: str, dataset: str) -> dict[str, Any]:
    """The values of a recipe by name or path, with what it says of ``dataset`` over them."""
    from training.config import load, merge

    path = Path(model) if model.endswith((".yaml", ".yml")) else recipes() / "images" / f"{model}.yaml"
    if not path.is_file():
        raise ValueError(f"no model is called {model!r}: there are {', '.join(models())}, or a YAML file's path")
    values = load(path)
    special = values.pop("datasets", {})
    return merge(values, special.get(dataset, {})) | {"dataset": dataset}


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the run finished or was stopped by a signal after saving."""
    flags, config = _parsed(arguments)
    if flags.dataset == "logic_gates":
        from honte.commands import logic_gates

        return logic_gates.show(flags.json)
    if flags.print_config:
        import yaml

        print(yaml.safe_dump(_plain(config), sort_keys=False), end="")
        return 0
    from training.images import open_data

    if flags.attack:
        from honte.commands.attack import parsed

        parsed(flags.attack)  # before a long run, not after it
    data = open_data(config.dataset, config.size)
    config = replace(config, data_sha256=data.sha256)
    stem = Path(flags.dataset).stem or "pictures"
    if flags.locality:
        from honte.commands import locality

        return locality.compare(data, config, Path(flags.run or f"runs/{stem}_locality"), flags.json)
    result = run(data, config, Path(flags.run or f"runs/{stem}_{Path(flags.model).stem}"), flags)
    if flags.json:
        print(json.dumps(result, allow_nan=False))
    return 0


def run(data: Any, config: Any, folder: Path, flags: argparse.Namespace) -> dict[str, Any]:
    """One run in one folder, begun or resumed; what there is to say of it."""
    from agent.models import find
    from honte.image_view import ImageView, summary
    from honte.train import signals
    from selfplay.fsio import FolderLock
    from training import run_folder
    from training.classification import MAY_CHANGE, Run

    if flags.fresh:
        aside = run_folder.fresh(folder)
        if aside is not None:
            print(f"the run that was there is now {aside}", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    with FolderLock(folder):
        old = run_folder.read_config(folder)
        if old is None:
            run_folder.write_config(folder, _plain(config))
        else:
            run_folder.changed(old, _plain(config), MAY_CHANGE)
        with signals() as stopping, ImageView(data.name, str(folder), as_lines=flags.json) as view:
            learning = Run(data, config, folder, watch=view.show, stopping=stopping)
            if flags.init and not learning.trainer.steps:
                odd = learning.start_from(find(flags.init))
                learning.report.notes += [f"{name} did not fit and begins anew" for name in odd]
            before = learning.progress() >= 1
            reason = learning.go()
        grades = learning.report.grades
        result: dict[str, Any] = {
            "run": str(folder),
            "reason": reason,
            "dataset": data.name,
            "model": config.network.kind,
            "minutes": round(learning.minutes, 3),
            "epochs": round(learning.trainer.steps / learning.batches, 2),
            "test_accuracy": grades.get("test_accuracy"),
            "validation_accuracy": grades.get("validation_accuracy"),
            "samples_per_second": round(learning.trainer.samples_seen / max(60 * learning.minutes, 1e-9), 1),
        }
        if flags.attack:
            from honte.commands import attack

            result["attack"] = attack.fool(learning, flags.attack, folder)
    say = sys.stderr if flags.json else sys.stdout
    text = (
        f"this run was finished already ({folder})"
        if before
        else f"{reason} after {learning.minutes:.1f} minutes ({folder})"
    )
    print(f"{text}\n{summary(result)}\nuse it:  honte predict {folder} PICTURE ...", file=say)
    return result


def _plain(config: Any) -> dict[str, Any]:
    import pydantic

    from training.classification import ImageConfig

    plain: dict[str, Any] = pydantic.TypeAdapter(ImageConfig).dump_python(config, mode="json")
    return plain


def _parsed(arguments: Sequence[str]) -> tuple[argparse.Namespace, Any]:
    """Our own flags, and the configuration: the recipe's values with those of the other flags over them."""
    import tyro

    from training.classification import ImageConfig
    from training.config import parse

    own = own_flags()
    words = list(arguments)
    dataset = words.pop(0) if words and not words[0].startswith("-") else ""
    flags, rest = own.parse_known_args(words)
    flags.dataset = dataset
    if any(word in ("-h", "--help") for word in arguments):
        own.print_help()
        print("\nEvery setting of the recipe is a flag, too:\n")
    elif not dataset:
        raise ValueError("name the pictures first: logic_gates, digits, mnist, fashion_mnist, a folder or an .npz file")
    default = parse(recipe(flags.model, dataset or "DATASET"), ImageConfig)
    config = tyro.cli(ImageConfig, default=default, args=rest, prog="honte classify")
    return flags, parse(_plain(config), ImageConfig)
