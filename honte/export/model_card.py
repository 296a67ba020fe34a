"""The model card of a network: README.md with YAML front matter, as the Hugging Face Hub reads it.

Knows the form of a card. Does not know where the numbers come from: a card states those that were measured, no others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

import honte
from agent.storage.model_folder import Model
from honte.export.measurements import ACCURACY, ELO, MISTAKE_RATE, Measurement, Measurements, short_name

FILE = "README.md"
TITLES = {MISTAKE_RATE: "mistakes", ACCURACY: "accuracy", ELO: "Elo"}
COUNTER_TITLES = {
    "games": "games of self-play",
    "samples": "positions of self-play",
    "trained": "training samples, counted with repetition",
    "minutes": "minutes of training",
}


def card(
    model: Model, measured: Measurements, *, license: str, parameters: int, sha256: str, onnx: Mapping[str, Any] | None
) -> str:
    """The text of README.md. ``onnx``: {"opset", "inputs", "outputs"} of the ONNX file, None where there is none."""
    front = yaml.safe_dump(_front_matter(model, measured, license, onnx), sort_keys=False, allow_unicode=True)
    parts = [_title(model), _use(model), *_measured(measured), _network(model, measured, parameters, sha256)]
    if onnx is not None:
        parts.append(_onnx(onnx))
    return f"---\n{front}---\n\n" + "\n\n".join(parts) + "\n"


def _front_matter(model: Model, measured: Measurements, license: str, onnx: Mapping[str, Any] | None) -> dict[str, Any]:
    task = "image-classification" if model.pictures else "reinforcement-learning"
    name = short_name(model)
    tags = ["honte", task, *([] if model.pictures else ["board-games", "alphazero"])]
    tags += [_tag(name), *(["onnx"] if onnx is not None else [])]
    metrics = list(dict.fromkeys(each.metric for each in measured.results))
    front: dict[str, Any] = {"license": license, "library_name": "honte", "pipeline_tag": task, "tags": tags}
    if not metrics:
        return front
    results = [
        {
            "task": {"type": task, "name": name},
            "dataset": {"type": _tag(each.data), "name": each.data},
            "metrics": [
                {
                    "type": each.metric,
                    "value": round(each.value, 6),
                    "name": f"{TITLES[each.metric]}, {each.how}"
                    + (f", at step {each.step}" if each.step is not None else ""),
                }
            ],
        }
        for each in measured.results
    ]
    return front | {"metrics": metrics, "model-index": [{"name": short_name(model), "results": results}]}


def _tag(text: str) -> str:
    """A name in the letters that a tag may have."""
    return "-".join("".join(c if c.isalnum() or c == "_" else " " for c in text.lower()).split())


def _title(model: Model) -> str:
    name, version = short_name(model), honte.__version__
    if model.pictures:
        return f"# {name}\n\nAn image classifier for {name}. It was exported by honte {version}."
    return (
        f"# {name}\n\nA policy-value network for the board game {name}, as in AlphaGo Zero: it predicts the next move"
        f" and the outcome of a position. It was exported by honte {version}."
    )


def _use(model: Model) -> str:
    if model.pictures:
        return "## Use\n\nDownload this folder as `model`.\n\n```\nhonte predict model picture.png\n```"
    game = f" --game {short_name(model)}" if ".py:" in model.game else ""
    return (
        "## Use\n\nDownload this folder as `model`.\n\n"
        f"```\nhonte play model{game}                 # in the terminal\n"
        f"honte match model mcts:400{game}       # against another player\n```\n\n"
        "From Python:\n\n"
        f'```python\nimport honte\n\nplayer = honte.load("model"{_game_argument(model)})\n'
        f'print(player.analyze(honte.position("{short_name(model)}")))\n```'
    )


def _game_argument(model: Model) -> str:
    return f', "{short_name(model)}"' if ".py:" in model.game else ""


def _measured(measured: Measurements) -> list[str]:
    """The tables of what was measured."""
    rates = [each for each in measured.results if each.metric != ELO]
    parts = ["## Measured strength"]
    if not rates and not measured.curve:
        return [f"{parts[0]}\n\nNo measurements are stored with this network."]
    if rates:
        rows = [
            [each.data, each.how, TITLES[each.metric], _rate(each), _number(each.count), _number(each.step)]
            for each in rates
        ]
        parts.append(_table(["data", "moves by", "what", "share (95 % interval)", "positions", "step"], rows))
        parts.append("A mistake is a move that changes the outcome under perfect play to a worse one.")
    if measured.curve:
        rows = [[_number(each.step), _elo(each), each.how] for each in measured.curve]
        parts.append(
            f"Ratings of the checkpoints of the run, relative to {measured.curve[0].data}"
            + (f"; this network is step {measured.step:,}:" if measured.step is not None else ":")
        )
        parts.append(_table(["step", "Elo (95 % interval)", "measured by"], rows))
    if measured.anchors:
        parts.append("The anchors, players that do not change:")
        parts.append(_table(["player", "Elo (95 % interval)"], [[each.how, _elo(each)] for each in measured.anchors]))
    return ["\n\n".join(parts)]


def _rate(each: Measurement) -> str:
    interval = f" ({each.low:.1%} to {each.high:.1%})" if each.low is not None and each.high is not None else ""
    return f"{each.value:.1%}{interval}"


def _elo(each: Measurement) -> str:
    interval = f" ({each.low:+.0f} to {each.high:+.0f})" if each.low is not None and each.high is not None else ""
    return f"{each.value:+.0f}{interval}"


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:,.0f}"


def _network(model: Model, measured: Measurements, parameters: int, sha256: str) -> str:
    rows = [["parameters", f"{parameters:,}"]]
    rows += [[name.replace("_", " "), _setting(value)] for name, value in model.network.items()]
    if measured.step is not None:
        rows.append(["training steps", f"{measured.step:,}"])
    counters = measured.counters or {}
    rows += [[title, f"{counters[name]:,.0f}"] for name, title in COUNTER_TITLES.items() if counters.get(name)]
    rows.append(["SHA-256 of the weights", f"`{sha256}`"])
    text = f"## The network\n\n{_table(['', ''], rows)}"
    return text + "\n\n`config.json` has these settings and those of the search, `eval_results.json` the measurements."


def _setting(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _onnx(onnx: Mapping[str, Any]) -> str:
    lines = [f"- {kind} `{each['name']}` {each['shape']}: {each['text']}" for kind, each in _tensors(onnx)]
    text = "\n".join(lines)
    return f"## ONNX\n\n`model.onnx` (opset {onnx['opset']}) runs in ONNX Runtime without honte.\n\n{text}"


def _tensors(onnx: Mapping[str, Any]) -> list[tuple[str, Mapping[str, str]]]:
    return [(kind, each) for kind in ("input", "output") for each in onnx[f"{kind}s"]]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(word).replace("|", "\\|") for word in line) + " |" for line in lines)
