"""A network as an ONNX file, with inputs and outputs that have names, shapes and descriptions.

Knows torch's exporter and the form of the file. Does not know where the file goes.
"""

from __future__ import annotations

import contextlib
import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

import honte
from agent.networks.policy_value import PolicyValueNet
from agent.storage.model_folder import Model, load_network
from games import Game
from training.images.prediction import load_classifier

OPSET = 18
BATCH = "batch"
"""The name of the first axis of every input and output; it may have any length."""


class TensorText(NamedTuple):
    """An input or output of the file."""

    name: str
    text: str


class OnnxFile(NamedTuple):
    """The bytes of the file and its description."""

    content: bytes
    description: dict[str, Any]  # {"opset", "inputs", "outputs"}, each tensor as {"name", "shape", "text"}


def export_onnx(model: Model, game: Game | None) -> OnnxFile:
    """The network in ``model.folder``; ``game`` is the one that it plays. ValueError without the packages for it."""
    ensure_packages()
    if model.pictures:
        return _export_classifier(model.folder)
    assert game is not None
    config, weights = load_network(model.folder, game)
    network = PolicyValueNet(config, game.observation_shape, game.action_layout)
    network.load_state_dict(weights)
    view = "from the view of the player to move"
    value = (
        f"[{BATCH}, 3] logits of win, draw and loss {view}; softmax gives their probabilities"
        if config.value == "wdl"
        else f"[{BATCH}] the expected outcome {view}, from -1 (loss) to 1 (win)"
    )
    shape = game.observation_shape
    observation = f"planes of the position {view}, as honte.position(GAME).observation has them, in float32"
    outputs = [
        TensorText("policy", f"logits of the {game.num_actions} actions {view}; illegal actions must be masked"),
        TensorText("value", value.partition("] ")[2]),
    ]
    texts = {f"actions_{seat}": [game.action_text(a, seat) for a in range(game.num_actions)] for seat in (0, 1)}
    facts = {"game": Path(game.name).name, **{name: json.dumps(each) for name, each in texts.items()}}
    return _export(network, shape, TensorText("observation", observation), outputs, facts)


def _export_classifier(folder: Path) -> OnnxFile:
    network, config = load_classifier(str(folder))
    images = TensorText("image", "pictures with values from 0 to 255, in float32")
    logits = TensorText("logits", "logits of the classes; softmax gives their probabilities")
    facts = {"classes": json.dumps(config["classes"])}
    return _export(network, tuple(config["shape"]), images, [logits], facts)


def ensure_packages() -> None:
    """ValueError if a package for the export is missing."""
    try:
        import onnx  # noqa: F401 - torch's exporter needs both
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ValueError(
            f"--onnx needs the packages onnx and onnxscript ({error}): pip install 'honte[onnx]'"
        ) from error


def _export(
    network: nn.Module, shape: Sequence[int], source: TensorText, outputs: list[TensorText], facts: dict[str, str]
) -> OnnxFile:
    """The file of ``network``, whose input has the shape [batch, *shape]; ``facts`` become metadata of the file."""
    example = torch.zeros(2, *shape)  # an axis of length 1 would be taken for a fixed one
    with _quiet_exporter():
        program = torch.onnx.export(
            network.eval(),
            (example,),
            input_names=[source.name],
            output_names=[each.name for each in outputs],
            dynamic_shapes=({0: torch.export.Dim(BATCH)},),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    proto: Any = program.model_proto
    graph = proto.graph
    for each in (*graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        del each.metadata_props[:]  # the exporter writes the paths of source files there
        each.ClearField("doc_string")
    del proto.metadata_props[:]
    for name, value in {"honte_version": honte.__version__, **facts}.items():
        entry = proto.metadata_props.add()
        entry.key, entry.value = name, value
    graph.name, proto.producer_name, proto.producer_version = (
        facts.get("game", "classifier"),
        "honte",
        honte.__version__,
    )
    description: dict[str, Any] = {"opset": OPSET}
    for kind, tensors, texts in (("inputs", graph.input, [source]), ("outputs", graph.output, outputs)):
        description[kind] = []
        for tensor, text in zip(tensors, texts, strict=True):
            axes = [axis.dim_param or axis.dim_value for axis in tensor.type.tensor_type.shape.dim]
            tensor.doc_string = text.text
            description[kind].append({"name": text.name, "shape": f"[{', '.join(map(str, axes))}]", "text": text.text})
    return OnnxFile(proto.SerializeToString(), description)


@contextlib.contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Without two messages of torch's exporter about torch itself: a class that it copies, and torchvision."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)  # "torchvision is not installed"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning)
            yield
    finally:
        logger.setLevel(level)
