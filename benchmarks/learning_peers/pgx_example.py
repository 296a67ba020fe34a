"""The algorithm of pgx's AlphaZero example learns Connect Four, under a Python that has jax, pgx, mctx, optax and flax.

Written anew after the example's description and settings, because the example itself needs a server for its logs and
downloads a network to compare with. One iteration: a batch of games plays ``max_num_steps`` plies with Gumbel search,
ended games begin anew; the network trains once on all positions; a game that did not end has no value target.

    PYTHON -m benchmarks.learning_peers.pgx_example train --out FOLDER --settings '{"num_channels": 32}'
    PYTHON -m benchmarks.learning_peers.pgx_example answer --snapshot FILE --positions FILE.json
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.learning_peers.adapter import Answers, make_parser, run

DEFAULTS = {
    "num_channels": 128,
    "num_layers": 6,
    "selfplay_batch_size": 1024,
    "num_simulations": 32,
    "max_num_steps": 256,
    "training_batch_size": 4096,
    "learning_rate": 0.001,
}
"""The example's."""


class Learner:
    """The compiled functions for one set of settings."""

    def __init__(self, settings: dict[str, Any]) -> None:
        import jax
        import optax
        import pgx
        from flax import linen

        if unknown := settings.keys() - DEFAULTS.keys():
            raise SystemExit(f"the example has no setting {min(unknown)}")
        self.settings = DEFAULTS | settings
        self.game = pgx.make("connect_four")
        self.optimizer = optax.adam(self.settings["learning_rate"])
        channels, layers, num_actions = (
            self.settings["num_channels"],
            self.settings["num_layers"],
            self.game.num_actions,
        )

        class Network(linen.Module):
            """A ResNet with pre-activation, a policy head of two planes and a value head of one."""

            @linen.compact
            def __call__(self, x: Any, train: bool) -> Any:
                def norm(x: Any) -> Any:
                    return linen.relu(linen.BatchNorm(use_running_average=not train, momentum=0.9)(x))

                x = linen.Conv(channels, (3, 3))(x.astype(jax.numpy.float32))
                for _ in range(layers):
                    inner = linen.Conv(channels, (3, 3))(norm(x))
                    x = x + linen.Conv(channels, (3, 3))(norm(inner))
                x = norm(x)
                policy = norm(linen.Conv(2, (1, 1))(x)).reshape(len(x), -1)
                value = norm(linen.Conv(1, (1, 1))(x)).reshape(len(x), -1)
                value = linen.Dense(1)(linen.relu(linen.Dense(channels)(value)))
                return linen.Dense(num_actions)(policy), jax.numpy.tanh(value[:, 0])

        self.network = Network()
        first = jax.vmap(self.game.init)(jax.random.split(jax.random.PRNGKey(0), 2))
        self.variables = self.network.init(jax.random.PRNGKey(0), first.observation, False)

    def judge(self, variables: Any, observation: Any) -> Any:
        """[B, H, W, C] to logits [B, A] and values [B]."""
        return self.network.apply(variables, observation, False)

    def self_play(self) -> Any:
        """A compiled (variables, key) -> observations, search policies, values and masks of all positions."""
        import jax
        import jax.numpy as jnp
        from pgx.experimental import auto_reset

        from benchmarks.peers.mctx_player import searching

        size, steps = self.settings["selfplay_batch_size"], self.settings["max_num_steps"]
        search = searching(self.game, self.judge, self.settings["num_simulations"], "gumbel")
        step = jax.vmap(auto_reset(self.game.step, self.game.init))

        @jax.jit
        def play(variables: Any, key: Any) -> Any:
            def ply(state: Any, key: Any) -> Any:
                for_search, for_reset = jax.random.split(key)
                found = search(variables, state, for_search)
                after = step(state, found.action, jax.random.split(for_reset, size))
                reward = after.rewards[jnp.arange(size), state.current_player]
                return after, (state.observation, found.action_weights, reward, after.terminated)

            key, begin = jax.random.split(key)
            state = jax.vmap(self.game.init)(jax.random.split(begin, size))
            _, (observation, policy, reward, ended) = jax.lax.scan(ply, state, jax.random.split(key, steps))

            def back(later: Any, now: Any) -> Any:
                reward, ended = now
                value = reward - jnp.where(ended, 0.0, later[0])
                known = ended | later[1]
                return (value, known), (value, known)

            nothing = jnp.zeros(size), jnp.zeros(size, bool)
            _, (value, known) = jax.lax.scan(back, nothing, (reward, ended), reverse=True)
            return observation, policy, value, known

        return play

    def update(self) -> Any:
        """A compiled (variables, optimizer state, batch) -> both after one step."""
        import jax
        import optax

        def loss(params: Any, statistics: Any, batch: Any) -> Any:
            observation, policy, value, known = batch
            variables = {"params": params, "batch_stats": statistics}
            (logits, guess), changed = self.network.apply(variables, observation, True, mutable=["batch_stats"])
            total = optax.softmax_cross_entropy(logits, policy) + optax.l2_loss(guess, value) * known
            return total.mean(), changed["batch_stats"]

        @jax.jit
        def step(variables: Any, state: Any, batch: Any) -> Any:
            params, statistics = variables["params"], variables["batch_stats"]
            gradient, statistics = jax.grad(loss, has_aux=True)(params, statistics, batch)
            changes, state = self.optimizer.update(gradient, state, params)
            return {"params": optax.apply_updates(params, changes), "batch_stats": statistics}, state

        return step

    def store(self, path: Path) -> None:
        import jax

        leaves = jax.tree_util.tree_leaves(self.variables)
        partial = path.with_name("partial.npz")
        np.savez(partial, **{f"{i:04d}": np.asarray(leaf) for i, leaf in enumerate(leaves)})
        os.replace(partial, path)

    def load(self, path: Path) -> None:
        import jax

        with np.load(path, allow_pickle=False) as file:
            leaves = [file[name] for name in sorted(file.files)]
        self.variables = jax.tree_util.tree_unflatten(jax.tree_util.tree_structure(self.variables), leaves)


def train(learner: Learner, out: Path) -> None:
    """Learn until the process is ended. The network of each iteration is stored in ``out``."""
    import jax

    out.mkdir(parents=True, exist_ok=True)
    play, update, random = learner.self_play(), learner.update(), np.random.default_rng(0)
    state = learner.optimizer.init(learner.variables["params"])
    learner.store(out / "00000.npz")
    size, number = learner.settings["training_batch_size"], 0
    while True:
        number += 1
        data = [np.asarray(x) for x in play(learner.variables, jax.random.PRNGKey(number))]
        data = [x.reshape(-1, *x.shape[2:]) for x in data]
        order = random.permutation(len(data[0]))
        for i in range(0, len(order) - size + 1, size):
            batch = [x[order[i : i + size]] for x in data]
            learner.variables, state = update(learner.variables, state, batch)
        learner.store(out / f"{number:05d}.npz")
        print(f"iteration {number}: {len(order)} positions", flush=True)


def answer(learner: Learner, snapshot: Path, positions: list[list[int]], simulations: int) -> Answers:
    """The columns that the network alone chooses, and its search of ``simulations`` without noise."""
    import jax
    import jax.numpy as jnp

    from benchmarks.peers.mctx_player import searching

    learner.load(snapshot)
    state = jax.vmap(learner.game.init)(jax.random.split(jax.random.PRNGKey(0), len(positions)))
    step = jax.jit(jax.vmap(learner.game.step))
    for ply in range(max(map(len, positions))):
        plays = np.array([len(moves) > ply for moves in positions])
        after = step(state, np.array([moves[ply] if len(moves) > ply else 0 for moves in positions], np.int32))

        def chosen(new: Any, old: Any, plays: Any = plays) -> Any:
            return jnp.where(plays.reshape(-1, *[1] * (new.ndim - 1)), new, old)

        state = jax.tree_util.tree_map(chosen, after, state)
    logits, _ = jax.jit(learner.judge)(learner.variables, state.observation)
    raw = jnp.where(state.legal_action_mask, logits, -jnp.inf).argmax(axis=1)
    search = searching(learner.game, learner.judge, simulations, "gumbel", gumbel_scale=0.0)
    found = search(learner.variables, state, jax.random.PRNGKey(0)).action
    return {"raw": np.asarray(raw).tolist(), "search": np.asarray(found).tolist()}


def main() -> None:
    args = make_parser(__doc__).parse_args()
    os.environ["JAX_PLATFORMS"] = "cpu"
    learner = Learner(args.settings)
    run(args, partial(train, learner), partial(answer, learner))


if __name__ == "__main__":
    main()
