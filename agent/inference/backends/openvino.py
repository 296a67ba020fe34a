"""The OpenVINO backend: the fastest way to run a network on a CPU, in fp32, bf16 (AMX) or int8 (VNNI).

Knows how a network is converted once, and how its constants are replaced when new weights come. Does not know search or
learning. OpenVINO is installed where it is published. It is imported when a backend is made.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agent.inference.backend_benchmark import sample_positions
from agent.inference.backends.torch import FEW, SHAPES, fold_batch_norm
from agent.inference.evaluate import Evaluate, Evaluation
from agent.networks.policy_value import NetworkConfig, PolicyValueNet
from games.game import Game, Positions, States

ANY = -1
"""The shape of the model for batches of any size. It infers its shapes in each call, which takes 0.2 ms."""

HINTS = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}
"""OpenVINO's precision hints. With int8 the quantised convolutions compute in int8 and the rest in f32."""


class OpenVinoBackend(Evaluate):
    """Runs the network by OpenVINO. Several threads may call it, and ``load`` replaces the weights between calls."""

    def __init__(self, game: Game, config: NetworkConfig, *, precision: str = "fp32", shapes: Any = SHAPES) -> None:
        """ImportError without the package. ValueError for a precision other than fp32, bf16 and int8."""
        if precision not in HINTS:
            raise ValueError(f"precision is {precision!r}; with OpenVINO it must be one of {', '.join(HINTS)}")
        openvino = import_openvino()
        self.core, self.tensor = openvino.Core(), openvino.Tensor
        self.precision, self.shapes, self.version = precision, tuple(shapes), -1
        self.has_wdl = config.value == "wdl"
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.network = PolicyValueNet(config, game.observation_shape, game.action_layout)
            self.template, self.parameter_of = convert_network(self.network)
        self.sample = sample_positions(game)[1].observation
        self.lock = threading.Lock()
        self.compiled: dict[int, Any] = {}  # the model compiled for each small shape, and for all others (ANY)
        self.local = threading.local()
        self.load(self.network.state_dict(), -1)

    def load(self, weights: Mapping[str, Tensor], version: int = 0) -> None:
        """Use new weights in later calls. Their names and shapes must be those of the network."""
        self.network.load_state_dict(weights, strict=True)
        network = fold_batch_norm(self.network)
        model = self.template.clone()
        fill_constants(model, self.parameter_of, dict(network.named_parameters()))
        if self.precision == "int8":
            quantise(model, largest_inputs(network, torch.from_numpy(self.sample).float()))
        with self.lock:
            self.model, self.compiled, self.version = model, {}, version

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        largest = self.shapes[-1]
        observation = positions.observation
        parts = [self._forward(observation[i : i + largest]) for i in range(0, len(observation), largest)]
        logits, values = (
            np.concatenate(arrays) if len(parts) > 1 else arrays[0] for arrays in zip(*parts, strict=True)
        )
        return Evaluation(logits, values)

    def _forward(self, observation: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        count = len(observation)
        if not hasattr(self.local, "memory"):
            self.local.memory = np.empty((self.shapes[-1], *observation.shape[1:]), np.float32)
        padded = pad_rows(observation, self.shapes, self.local.memory)
        request = self._request(len(padded) if len(padded) in FEW else ANY)
        request.set_input_tensor(self.tensor(padded, shared_memory=True))  # `infer` would copy and check for 0.2 ms
        request.start_async()
        request.wait()
        policy, value = (request.get_output_tensor(i).data[:count] for i in range(2))
        return copy_outputs(policy, value, self.has_wdl)

    def _request(self, shape: int) -> Any:
        """This thread's request. The first request of a shape after an update compiles the model."""
        with self.lock:
            compiled = self.compiled
            if shape not in compiled:
                compiled[shape] = self._compile(shape)
        if getattr(self.local, "compiled", None) is not compiled:
            self.local.compiled, self.local.requests = compiled, dict[int, Any]()
        requests = self.local.requests
        if shape not in requests:
            requests[shape] = compiled[shape].create_infer_request()
        return requests[shape]

    def _compile(self, shape: int) -> Any:
        model = self.model.clone()
        model.reshape([shape, *self.network.observation_shape])
        cores = os.cpu_count() or 1
        options = {
            "INFERENCE_PRECISION_HINT": HINTS[self.precision],
            "NUM_STREAMS": str(cores),  # one core per request, because the threads of games run in parallel
            "INFERENCE_NUM_THREADS": str(cores),
            "ENABLE_CPU_PINNING": "NO",
        }
        return self.core.compile_model(model, "CPU", options)


def pad_rows(observation: NDArray[Any], shapes: tuple[int, ...], memory: NDArray[np.float32]) -> NDArray[np.float32]:
    """[size, C, H, W]: the observations as float32, and rows of zeros up to the next of ``shapes``.

    They are written to the first rows of ``memory``, since new memory in every call would cost more than the copy.
    """
    count = len(observation)
    padded = memory[: next(shape for shape in shapes if shape >= count)]
    padded[:count] = observation
    padded[count:] = 0
    return padded


def copy_outputs(policy: Any, value: Any, has_wdl: bool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits [B, A] and values [B] from the memory of a request, which its next call overwrites.

    ``has_wdl``: ``value`` [B, 3] holds the logits of win, draw and loss.
    """
    logits, value = np.array(policy, np.float32), np.array(value, np.float32)
    if has_wdl:
        win, draw, loss = value.T  # column by column, because NumPy is slow along an axis of three
        win, draw, loss = np.exp(value.T - np.maximum(np.maximum(win, draw), loss))
        value = (win - loss) / (win + draw + loss)
    return logits, value


def import_openvino() -> Any:
    """The package ``openvino``, without the package ``openvino_telemetry``, which it installs along.

    Otherwise every conversion of a network would be reported to Google Analytics, and a client's ID would be stored in
    the user's home folder. OpenVINO does without that package where it cannot be imported.
    """
    telemetry = "openvino_telemetry"
    if "openvino" in sys.modules or telemetry in sys.modules:  # the user's program has imported it
        import openvino

        return openvino
    sys.modules[telemetry] = None  # type: ignore[assignment] # an import of it fails
    try:
        import openvino
    finally:
        del sys.modules[telemetry]
    return openvino


def convert_network(network: PolicyValueNet) -> tuple[Any, dict[str, str]]:
    """The network as an OpenVINO model, and for each constant's name the parameter of the folded network that it holds.

    For the conversion every parameter is random, so that its values identify it.
    """
    openvino = import_openvino()
    probe = fold_batch_norm(network)
    for parameter in probe.parameters():
        nn.init.normal_(parameter)
    example = torch.zeros(2, *network.observation_shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the converter traces, which torch calls deprecated
        model = openvino.convert_model(probe, example_input=example)
    values = {name: parameter.detach().numpy().ravel() for name, parameter in probe.named_parameters()}
    parameter_of: dict[str, str] = {}
    for node in constants(model):
        data = np.asarray(node.data).ravel()
        for name, value in values.items():
            if data.shape == value.shape and np.array_equal(data, value):
                parameter_of[node.get_friendly_name()] = name
    missing = set(values) - set(parameter_of.values())
    assert not missing, f"the conversion changed {missing}"
    return model, parameter_of


def constants(model: Any) -> list[Any]:
    """The constant nodes of a model."""
    return [node for node in model.get_ordered_ops() if node.get_type_name() == "Constant"]


def fill_constants(model: Any, parameter_of: Mapping[str, str], parameters: Mapping[str, Tensor]) -> None:
    """Replace the model's constants by the parameters' values."""
    from openvino import opset13 as ops

    for node in constants(model):
        name = parameter_of.get(node.get_friendly_name())
        if name is None:
            continue
        data = parameters[name].detach().numpy().reshape(tuple(node.output(0).get_shape())).copy()
        constant = ops.constant(data)
        constant.set_friendly_name(name)
        for target in node.output(0).get_target_inputs():
            target.replace_source_output(constant.output(0))


def largest_inputs(network: nn.Module, sample: Tensor) -> dict[str, float]:
    """The largest input of each convolution of the trunk's blocks on ``sample``, by the name of its weight."""
    largest: dict[str, float] = {}
    hooks = []
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d) and name.startswith("trunk.") and not name.startswith("trunk.0"):

            def note(module: nn.Module, inputs: tuple[Tensor, ...], name: str = name) -> None:
                largest[f"{name}.weight"] = float(inputs[0].max())

            hooks.append(module.register_forward_pre_hook(note))
    with torch.inference_mode():
        network(sample)
    for hook in hooks:
        hook.remove()
    return largest


def quantise(model: Any, largest: Mapping[str, float]) -> None:
    """Quantise the named convolutions to int8: inputs in [0, largest] per tensor, weights symmetric per channel."""
    from openvino import opset13 as ops

    for node in model.get_ordered_ops():
        if node.get_type_name() != "Convolution":
            continue
        source = node.input_value(1).get_node()
        if source.get_friendly_name() not in largest:
            continue
        weights = np.asarray(source.data)
        bound = np.maximum(np.abs(weights).max(axis=(1, 2, 3), keepdims=True), 1e-8).astype(np.float32)
        top = np.float32(max(largest[source.get_friendly_name()], 1e-8))
        narrow = ops.fake_quantize(source, -bound, bound, -bound, bound, 255)
        inputs = ops.fake_quantize(node.input_value(0), np.float32(0), top, np.float32(0), top, 256)
        node.input(1).replace_source_output(narrow.output(0))
        node.input(0).replace_source_output(inputs.output(0))
