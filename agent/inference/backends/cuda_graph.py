"""The backend for a GPU: one CUDA graph for each batch shape, pinned memory on both sides, weights copied in place.

Knows torch and CUDA. Does not know search or learning. ``BatchingEvaluator`` sends it one batch at a time. All its work
is on a stream of its own, so that the kernels of a learner in another thread run beside it. On another device the same
steps run without a graph, so that they can be tested without a GPU.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.backends import cudnn

from agent.inference.backends.torch import fold_batch_norm
from agent.inference.evaluate import Evaluate, Evaluation
from agent.networks.policy_value import NetworkConfig, PolicyValueNet, expected_value
from games.game import Game, Positions, States

GRAPH_SHAPES = (32, 64, 128, *(size * k // 4 for size in (256, 512, 1024, 2048) for k in (4, 5, 6, 7)), 4096)
"""Batches are padded to the next of these sizes, and larger ones are split. From 256 rows on, at most a fifth of a
batch is padding. Smaller batches do not fill a GPU, so padding costs less there."""

_CAPTURE = threading.Lock()
"""Held while a graph is captured: each capture begins with a synchronisation of the device, and CUDA refuses that while
another thread captures."""

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class _CapturedGraph(NamedTuple):
    """The memory of one batch shape, and the launch that computes the outputs from the inputs."""

    inputs: Tensor  # [B, C, H, W] pinned
    logits: Tensor  # [B, A] pinned
    values: Tensor  # [B] pinned
    run: Callable[[], None]


class CudaGraphBackend(Evaluate):
    """Runs the network by CUDA graphs. Several threads may call it, and ``load`` replaces the weights between calls."""

    def __init__(
        self,
        game: Game,
        config: NetworkConfig,
        *,
        precision: str = "bf16",
        device: str = "cuda",
        shapes: tuple[int, ...] = GRAPH_SHAPES,
    ) -> None:
        """``precision`` is fp32, bf16 or fp16. ValueError for others."""
        if precision not in PRECISIONS:
            raise ValueError(f"precision is {precision!r}; on {device} it must be one of {', '.join(PRECISIONS)}")
        self.precision, self.dtype, self.device = precision, PRECISIONS[precision], torch.device(device)
        on_gpu = self.device.type == "cuda"
        self.stream: Any = torch.cuda.Stream(self.device) if on_gpu else None  # type: ignore[no-untyped-call]
        # A thread that waits for a blocking event sleeps. Otherwise it would keep a core busy that games need.
        self.done: Any = torch.cuda.Event(blocking=True) if on_gpu else None  # type: ignore[no-untyped-call]
        self.shapes, self.version = tuple(shapes), -1
        self.num_actions = game.num_actions
        self.input_format = (game.observation_shape, torch.from_numpy(np.zeros(0, game.observation_dtype)).dtype)
        with torch.random.fork_rng(devices=[]):
            self.network = PolicyValueNet(config, game.observation_shape, game.action_layout)
        with torch.cuda.stream(self.stream):
            self.model = self._inference_model(self.network)
        self.graphs: dict[int, _CapturedGraph] = {}
        self.lock = threading.Lock()

    def load(self, weights: Mapping[str, Tensor], version: int = 0) -> None:
        """Use new weights in later calls. The graphs stay valid, because the new weights are copied in place."""
        self.network.load_state_dict(weights, strict=True)
        folded = fold_batch_norm(self.network)
        # Nothing else may use the stream while a graph is captured, so the lock is held for all work on it.
        with self.lock, torch.cuda.stream(self.stream), torch.no_grad():
            for captured, new in zip(self.model.parameters(), folded.parameters(), strict=True):
                captured.copy_(new)
            self.version = version

    def _inference_model(self, network: nn.Module) -> nn.Module:
        model = fold_batch_norm(network).to(self.device, self.dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return model  # type: ignore[no-any-return]

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        observation, largest = positions.observation, self.shapes[-1]
        with self.lock, torch.cuda.stream(self.stream):
            parts = [self._forward(observation[i : i + largest]) for i in range(0, len(observation), largest)]
        logits, values = zip(*parts, strict=True)
        return Evaluation(np.concatenate(logits), np.concatenate(values))

    def _forward(self, observation: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        count = len(observation)
        size = next(shape for shape in self.shapes if shape >= count)
        if size not in self.graphs:
            self.graphs[size] = self._capture(size)
        inputs, logits, values, run = self.graphs[size]
        inputs[:count] = torch.from_numpy(np.ascontiguousarray(observation))
        run()
        return logits[:count].numpy().copy(), values[:count].numpy().copy()

    def _capture(self, size: int) -> _CapturedGraph:
        """Allocate fixed memory for batches of ``size`` and capture all the work on it in one graph."""
        on_gpu = self.stream is not None
        shape, dtype = self.input_format
        inputs = torch.zeros((size, *shape), dtype=dtype, pin_memory=on_gpu)
        logits = torch.zeros((size, self.num_actions), pin_memory=on_gpu)
        values = torch.zeros(size, pin_memory=on_gpu)

        @torch.inference_mode()
        def forward() -> None:
            x = inputs.to(self.device, non_blocking=True).to(self.dtype, memory_format=torch.channels_last)
            policy, value = self.model(x)
            logits.copy_(policy.float(), non_blocking=on_gpu)
            values.copy_(expected_value(value).float(), non_blocking=on_gpu)

        if not on_gpu:
            return _CapturedGraph(inputs, logits, values, forward)
        graph = torch.cuda.CUDAGraph()
        with _CAPTURE, cudnn.flags(enabled=True, benchmark=not torch.are_deterministic_algorithms_enabled()):
            for _ in range(3):  # cuDNN and cuBLAS must choose their kernels before the capture
                forward()
            # A learner may use the GPU in another thread meanwhile, so only this thread's calls are checked.
            with torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
                forward()

        def launch() -> None:
            graph.replay()
            self.done.record()
            self.done.synchronize()  # the only synchronisation of a batch

        return _CapturedGraph(inputs, logits, values, launch)
