"""pgx and mctx as one of the players, under a Python that has them: Gumbel search over games in step, compiled by XLA.

Needs jax, mctx, pgx and numpy alone. The network is honte's, written by hand in jax: a ResNet whose BatchNorm is folded
into its convolutions, fp32. Both searches are mctx's own; a self-play move is one compiled call, as in pgx's example.

    PYTHON -m benchmarks.peers.mctx_player self-play --blocks 6 --channels 64 --simulations 200 --games 64
    PYTHON -m benchmarks.peers.mctx_player tree --names connect_four othello go
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

from benchmarks.peers.serving import Counts, Work, serve

PGX = {"connect_four": "connect_four", "othello": "othello", "go": "go_9x9"}
"""What pgx calls the same game."""

OPENING_PLIES = 6
HEAD, HIDDEN = 32, 64
"""Channels and hidden units of honte's heads."""


def parameters(key: Any, blocks: int, channels: int, shape: tuple[int, int, int], num_actions: int) -> dict[str, Any]:
    """He-initialised weights; ``shape`` is [H, W, C]."""
    import jax

    height, width, planes = shape
    cells = height * width
    sizes = {"stem": (3, 3, planes, channels), "policy": (1, 1, channels, HEAD), "value": (1, 1, channels, HEAD)}
    sizes |= {f"block{i}.{j}": (3, 3, channels, channels) for i in range(blocks) for j in range(2)}
    sizes |= {"logits": (HEAD * cells, num_actions), "hidden": (HEAD * cells, HIDDEN), "wdl": (HIDDEN, 3)}
    out = {}
    for name, size in sizes.items():
        key, use = jax.random.split(key)
        inputs = 1
        for count in size[:-1]:
            inputs *= count
        out[name] = (jax.random.normal(use, size) * (2 / inputs) ** 0.5, jax.numpy.zeros(size[-1]))
    return out


def judge(params: dict[str, Any], observation: Any) -> tuple[Any, Any]:
    """[B, H, W, C] to logits [B, A] and values [B] in [-1, 1]."""
    import jax
    from jax import nn

    def conv(name: str, x: Any) -> Any:
        weights, bias = params[name]
        order = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(x, weights, (1, 1), "SAME", dimension_numbers=order) + bias

    def dense(name: str, x: Any) -> Any:
        weights, bias = params[name]
        return x @ weights + bias

    x = nn.relu(conv("stem", observation.astype(jax.numpy.float32)))
    for i in range((len(params) - 6) // 2):
        x = nn.relu(x + conv(f"block{i}.1", nn.relu(conv(f"block{i}.0", x))))
    logits = dense("logits", nn.relu(conv("policy", x)).reshape(len(x), -1))
    hidden = nn.relu(dense("hidden", nn.relu(conv("value", x)).reshape(len(x), -1)))
    chances = nn.softmax(dense("wdl", hidden))
    return logits, chances[:, 0] - chances[:, 2]


def even(params: Any, observation: Any) -> tuple[Any, Any]:
    """Every action alike, every position even; ``params`` [A]."""
    import jax.numpy as jnp

    count = len(observation)
    return jnp.zeros((count, len(params))), jnp.zeros(count)


def searching(
    game: Any,
    evaluate: Callable[[Any, Any], tuple[Any, Any]],
    simulations: int,
    rule: str,
    **constants: float,
) -> Any:
    """A compiled ``(params, states [B], key) -> mctx's output``. ``constants`` are those of mctx's policy."""
    import jax
    import jax.numpy as jnp
    import mctx

    step = jax.vmap(game.step)

    def masked(logits: Any, legal: Any) -> Any:
        return jnp.where(legal, logits - logits.max(axis=1, keepdims=True), jnp.finfo(logits.dtype).min)

    def recurrent(params: Any, key: Any, action: Any, state: Any) -> Any:
        mover = state.current_player
        state = step(state, action)
        logits, value = evaluate(params, state.observation)
        reward = state.rewards[jnp.arange(len(mover)), mover]
        out = mctx.RecurrentFnOutput(
            reward=reward,
            discount=jnp.where(state.terminated, 0.0, -1.0),
            prior_logits=masked(logits, state.legal_action_mask),
            value=jnp.where(state.terminated, 0.0, value),
        )
        return out, state

    policy = mctx.gumbel_muzero_policy if rule == "gumbel" else mctx.muzero_policy

    @jax.jit
    def search(params: Any, state: Any, key: Any) -> Any:
        logits, value = evaluate(params, state.observation)
        legal = state.legal_action_mask
        root = mctx.RootFnOutput(prior_logits=masked(logits, legal), value=value, embedding=state)
        return policy(params, key, root, recurrent, simulations, invalid_actions=~legal, **constants)

    return search


def randomly(game: Any, count: int, plies: int) -> tuple[Any, Any]:
    """States [B] after random plies, games that are over begun anew; and the step that does so, for self-play."""
    import jax
    import jax.numpy as jnp

    first = jax.jit(jax.vmap(game.init))(jax.random.split(jax.random.PRNGKey(0), count))

    @jax.jit
    def play(state: Any, action: Any) -> Any:
        after = jax.vmap(game.step)(state, action)

        def chosen(new: Any, old: Any) -> Any:
            return jnp.where(after.terminated.reshape(-1, *[1] * (new.ndim - 1)), old, new)

        return jax.tree_util.tree_map(chosen, after, first)

    state = first
    for ply in range(plies):
        scores = jax.random.uniform(jax.random.PRNGKey(ply + 1), state.legal_action_mask.shape)
        state = play(state, jnp.where(state.legal_action_mask, scores, -1).argmax(axis=1))
    return state, play


def self_play(args: argparse.Namespace) -> None:
    import jax
    import pgx

    game = pgx.make("connect_four")
    state, play = randomly(game, args.games, 20)
    params = parameters(jax.random.PRNGKey(0), args.blocks, args.channels, game.observation_shape, game.num_actions)
    search = searching(game, judge, args.simulations, "gumbel")
    forward, observation, number = jax.jit(judge), state.observation, 0

    def moves() -> Counts:
        nonlocal state, number
        number += 1
        found = search(params, state, jax.random.PRNGKey(number))
        state = jax.block_until_ready(play(state, found.action))
        simulations = args.games * args.simulations
        return {"moves": args.games, "simulations": simulations, "evaluations": simulations + args.games}

    def positions() -> Counts:
        jax.block_until_ready(forward(params, observation))
        return {"evaluations": args.games}

    serve(_about(), {"cache-off": moves, "forward": positions})


def tree(args: argparse.Namespace) -> None:
    works: dict[str, Work] = {}
    for name in args.names:
        for rule in ("gumbel", "puct"):
            works[f"{name}-{rule}"] = _searched(name, rule, args)
    serve(_about(), works)


def _searched(name: str, rule: str, args: argparse.Namespace) -> Work:
    import jax
    import jax.numpy as jnp
    import pgx

    game = pgx.make(PGX[name])
    state, _ = randomly(game, args.games, OPENING_PLIES)
    search = searching(game, even, args.simulations, rule)
    actions = jnp.zeros(game.num_actions)

    def work() -> Counts:
        jax.block_until_ready(search(actions, state, jax.random.PRNGKey(0)))
        return {"simulations": args.games * args.simulations}

    return work


def _about() -> dict[str, Any]:
    import platform
    from importlib.metadata import version

    import jax

    found = {name: version(name) for name in ("jax", "mctx", "pgx")}
    return {"versions": {"python": platform.python_version(), **found}, "device": str(jax.devices()[0])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["self-play", "tree"])
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--games", type=int, default=64, help="at once")
    parser.add_argument("--names", nargs="+", default=["connect_four"], help="games for tree work")
    parser.add_argument("--device", choices=["cpu", "gpu"], default="cpu")
    args = parser.parse_args()
    if args.device == "cpu":
        os.environ["JAX_PLATFORMS"] = "cpu"
    (self_play if args.what == "self-play" else tree)(args)


if __name__ == "__main__":
    main()
