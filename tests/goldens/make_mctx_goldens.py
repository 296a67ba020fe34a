"""Make golden search trees with DeepMind's mctx: `puct.json` and `gumbel.json` beside this file.

It knows mctx, JAX and the hash world. It does not know this project's own search, and no test runs it: run it by hand,
in an environment of its own and from the root of the clone, then commit the JSON.

    python -m venv mctx-venv && mctx-venv/bin/pip install mctx==0.0.71 jax
    JAX_PLATFORMS=cpu mctx-venv/bin/python -m tests.goldens.make_mctx_goldens

Each tree is checked three ways before it is written. mctx finds the same tree under several random keys (its PUCT adds
1e-7 * uniform to every score; its Gumbel search draws only g). A naive float64 search (naive_search.py) finds the same
tree. And in that search every choice was won by MIN_MARGIN at least, so neither rounding nor tie-breaking decides
anything. Root hashes are tried in turn until all three hold.

What mctx computes, for whoever must match it. All values are from the view of the player to move at their node.

Statistics. Node i + 1 is created by simulation i; node 0 is the root. `visits` of a node count its own network
evaluation: N = 1 + sum of child visits, and a new leaf has 1. `value` is the mean of `raw_value` (the network's) and of
all values backed up through the node. q(a) = -value of child a. `root_q` of an unvisited action is 0 and means nothing.

PUCT. Choose argmax q(a) + c * P(a) * sqrt(N) / (1 + n(a)) with c = c_init + ln((N + c_base + 1) / c_base), N and n as
above: sqrt(N) is 1 at a fresh node, so priors count at once. An unvisited action has q = value - r * sqrt(sum of P over
visited actions), where `value` is the node's running mean and r is 0 at the root, `fpu_reduction` elsewhere. Illegal
root actions are outside both the softmax and the argmax. action_weights = child visits / simulations; the action is the
most visited (never a tie in these trees). With `root_noise` d, the root's P = (1 - f) * softmax(logits) + f * d with
f = root_exploration_fraction; `root_logits` are then ln P.

Gumbel, everywhere. sigma(q) = (c_visit + max_b n(b)) * c_scale * q, with q in [-1, 1] and not rescaled. An unvisited
action gets q = v_mix = (raw_value + S * Q) / (1 + S), where S = sum_b n(b) and Q = sum of P q / sum of P, both over
visited actions; v_mix = raw_value when S = 0. It is raw_value, not the mean value. S, Q and max_b n(b) are those of the
moment, so sigma moves with every simulation.

Gumbel, root. Simulation t = sum_b n(b) may visit only children that have exactly considered_visits[t] visits. With
m = min(max_considered_actions, number of legal actions), the schedule is 0, 1, 2, ... if m <= 1; otherwise start with
k = m, v = 0 and repeat: { max(1, floor(num_simulations / (ceil(log2 m) * k))) times: { append v, k times; v += 1 };
k = max(2, floor(k / 2)) }; cut it after num_simulations entries. Among the candidates take the argmax of
max(-1e9, g(a) + logit(a) - max logit + sigma(completed q(a))). No list of survivors exists: who survives a halving is
settled one by one during the first pass of the next phase, each time by the sigma of that moment, and every pass is
ordered afresh. A list sorted once when a phase begins gives other trees. (First visits do go in the order of g + logit,
since unvisited actions share one q. Cutting m by num_simulations would change nothing.)

Gumbel, below the root. argmax of softmax(logits + sigma(completed q))(a) - n(a) / (1 + S): no g, no schedule.

Gumbel, results. Action: among the legal actions with the largest n, the argmax of the root score with the final sigma.
action_weights: softmax(logits + sigma(completed q)) over the legal actions, without g. `root_gumbel` is g as used, that
is, times gumbel_scale: float32 numbers, written exactly. All other float32 numbers are written with 9 digits: compare
them as float32, or with a tolerance.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import mctx
import numpy as np

from tests.goldens import hash_world
from tests.goldens.naive_search import C_VISIT, NaiveSearch, considered_visits

MIN_MARGIN = 5e-5  # well above float32 rounding, even of root scores around 50
NUM_KEYS = 5


@dataclass(frozen=True, kw_only=True)
class PuctSpec:
    num_actions: int
    num_simulations: int
    illegal_root_actions: tuple[int, ...] = ()
    c_init: float = 1.25
    c_base: float = 19652.0
    fpu_reduction: float = 0.0
    root_exploration_fraction: float = 0.0


@dataclass(frozen=True, kw_only=True)
class GumbelSpec:
    num_actions: int
    num_simulations: int
    illegal_root_actions: tuple[int, ...] = ()
    max_considered_actions: int = 16
    c_scale: float = 0.1
    gumbel_scale: float = 1.0


PUCT_SPECS = (
    PuctSpec(num_actions=3, num_simulations=8),
    PuctSpec(num_actions=7, num_simulations=8, fpu_reduction=0.25),
    PuctSpec(num_actions=7, num_simulations=50),
    PuctSpec(num_actions=7, num_simulations=50, fpu_reduction=0.25),
    PuctSpec(num_actions=7, num_simulations=100, c_init=1.0, c_base=50.0),
    PuctSpec(num_actions=3, num_simulations=200, fpu_reduction=0.25),
    PuctSpec(num_actions=20, num_simulations=200),
    PuctSpec(num_actions=20, num_simulations=100, fpu_reduction=0.25, illegal_root_actions=(0, 3, 19)),
    PuctSpec(num_actions=7, num_simulations=64, fpu_reduction=0.25, root_exploration_fraction=0.25),
)
GUMBEL_SPECS = (
    GumbelSpec(num_actions=3, num_simulations=8, max_considered_actions=4),
    GumbelSpec(num_actions=3, num_simulations=8, max_considered_actions=4, illegal_root_actions=(0, 2)),
    GumbelSpec(num_actions=7, num_simulations=16),
    GumbelSpec(num_actions=7, num_simulations=32, max_considered_actions=4, c_scale=0.5),
    GumbelSpec(num_actions=7, num_simulations=50, max_considered_actions=4, gumbel_scale=0.0),
    GumbelSpec(num_actions=20, num_simulations=8),
    GumbelSpec(num_actions=20, num_simulations=32, illegal_root_actions=(*range(5), *range(9, 19))),
    GumbelSpec(num_actions=20, num_simulations=50, c_scale=0.5, illegal_root_actions=(2, 3, 5, 7, 11)),
    GumbelSpec(num_actions=7, num_simulations=200, max_considered_actions=4, illegal_root_actions=(1, 3, 4, 6)),
    GumbelSpec(num_actions=20, num_simulations=200),
    GumbelSpec(num_actions=20, num_simulations=200, c_scale=0.5, gumbel_scale=0.0),
)


# The hash world in JAX: uint32 arithmetic wraps by itself.


def jax_mix(hashes: Any, keys: Any) -> Any:
    x = hashes ^ ((keys.astype(jnp.uint32) + 1) * jnp.uint32(hash_world.KEY_STEP))
    x = (x ^ (x >> 16)) * jnp.uint32(hash_world.ROUND_1)
    x = (x ^ (x >> 15)) * jnp.uint32(hash_world.ROUND_2)
    return x ^ (x >> 16)


def jax_network(hashes: Any, num_actions: int) -> tuple[Any, Any]:
    logit_bits = jax_mix(hashes[:, None], hash_world.LOGIT_KEY + jnp.arange(num_actions)) >> 16
    value_bits = jax_mix(hashes, jnp.asarray(hash_world.VALUE_KEY)) >> 16
    return logit_bits.astype(jnp.float32) * 2.0**-14 - 2.0, value_bits.astype(jnp.float32) * 2.0**-15 - 1.0


def check_worlds_agree() -> None:
    hashes = np.concatenate([np.arange(5000), 2**32 - 1 - np.arange(5000)]).astype(np.uint32)
    for action in (0, 1, 19, 998):
        assert np.array_equal(hash_world.child(hashes, action), jax_mix(jnp.asarray(hashes), jnp.asarray(action)))
    for ours, theirs in zip(hash_world.network(hashes, 20), jax_network(jnp.asarray(hashes), 20), strict=True):
        assert ours.dtype == np.float32 == theirs.dtype
        assert np.array_equal(ours, theirs)


# mctx


def recurrent(_params: Any, _key: Any, actions: Any, hashes: Any, *, num_actions: int) -> tuple[Any, Any]:
    hashes = jax_mix(hashes, actions)
    logits, values = jax_network(hashes, num_actions)
    rewards = jnp.zeros_like(values)
    return mctx.RecurrentFnOutput(reward=rewards, discount=rewards - 1, prior_logits=logits, value=values), hashes


def first_play_urgency(tree: Any, node: Any, *, reduction: float) -> Any:
    """mctx qtransform: q of visited actions as it is; of others by the rule in this file's docstring."""
    visited = tree.children_visits[node] > 0
    mass = jnp.sum(jnp.where(visited, jax.nn.softmax(tree.children_prior_logits[node]), 0.0))
    reduction = jnp.where(node == tree.ROOT_INDEX, 0.0, reduction)
    return jnp.where(visited, tree.qvalues(node), tree.node_values[node] - reduction * jnp.sqrt(mass))


def mctx_policy(spec: PuctSpec | GumbelSpec) -> Callable[..., Any]:
    """A compiled function of (key, root hash [1], root logits [1, A])."""
    illegal = jnp.zeros((1, spec.num_actions), jnp.int32).at[0, list(spec.illegal_root_actions)].set(1)
    shared = {
        "recurrent_fn": functools.partial(recurrent, num_actions=spec.num_actions),
        "num_simulations": spec.num_simulations,
        "invalid_actions": illegal if spec.illegal_root_actions else None,
    }

    def run(key: Any, root_hash: Any, root_logits: Any) -> Any:
        _, values = jax_network(root_hash, spec.num_actions)
        root = mctx.RootFnOutput(prior_logits=root_logits, value=values, embedding=root_hash)
        if isinstance(spec, PuctSpec):
            qtransform = functools.partial(first_play_urgency, reduction=spec.fpu_reduction)
            return mctx.muzero_policy(
                None, key, root, **shared, qtransform=qtransform, dirichlet_fraction=0.0, temperature=0.0,
                pb_c_init=spec.c_init, pb_c_base=spec.c_base,
            )  # fmt: skip
        qtransform = functools.partial(
            mctx.qtransform_completed_by_mix_value, value_scale=spec.c_scale, maxvisit_init=C_VISIT,
            rescale_values=False, use_mixed_value=True,
        )  # fmt: skip
        return mctx.gumbel_muzero_policy(
            None, key, root, **shared, qtransform=qtransform, gumbel_scale=spec.gumbel_scale,
            max_num_considered_actions=spec.max_considered_actions,
        )  # fmt: skip

    compiled: Callable[..., Any] = jax.jit(run)
    return compiled


# Records


def make_record(spec: PuctSpec | GumbelSpec, policy: Callable[..., Any], root_hash: int) -> dict[str, Any] | None:
    """The golden record of this spec at this root, or None where a choice is too close."""
    hashes = jnp.array([root_hash], jnp.uint32)
    logits, _ = jax_network(hashes, spec.num_actions)
    record: dict[str, Any] = {"root_hash": root_hash, **asdict(spec)}
    if isinstance(spec, PuctSpec) and spec.root_exploration_fraction > 0:
        fraction = spec.root_exploration_fraction
        noise = np.random.default_rng(root_hash).dirichlet(np.ones(spec.num_actions)).astype(np.float32)
        record["root_noise"] = noise.tolist()
        logits = jnp.log((1 - fraction) * jax.nn.softmax(logits) + fraction * noise)
    record["root_logits"] = logits[0].tolist()

    # The same Gumbel draws need the same key, so there the search itself (which uses no random number) runs once.
    num_keys = NUM_KEYS if isinstance(spec, PuctSpec) else 1
    outputs = [policy(jax.random.PRNGKey(root_hash + 1000 * i), hashes, logits) for i in range(num_keys)]
    tree = jax.tree.map(lambda x: np.asarray(x)[0], outputs[0].search_tree)
    if isinstance(spec, GumbelSpec):
        record["c_visit"] = C_VISIT
        record["root_gumbel"] = tree.extra_data.root_gumbel.tolist()
        record["considered_visits"] = considered_visits(record)

    search = NaiveSearch(record)
    action, weights = search.decide()
    if search.margin < MIN_MARGIN:
        return None
    for output in outputs:
        assert np.array_equal(output.search_tree.parents[0], search.parents)
        assert np.array_equal(output.search_tree.action_from_parent[0], search.actions)
        assert int(output.action[0]) == action
    assert np.array_equal(tree.node_visits, [node.visits for node in search.nodes])
    assert np.array_equal(tree.raw_values, np.array([node.raw_value for node in search.nodes], np.float32))
    np.testing.assert_allclose(tree.node_values, [node.value for node in search.nodes], atol=1e-6)
    np.testing.assert_allclose(outputs[0].action_weights[0], weights, atol=2e-6)

    record["smallest_margin"] = search.margin
    record["action"] = action
    record["action_weights"] = outputs[0].action_weights[0].tolist()
    record["root_visits"] = tree.children_visits[0].tolist()
    record["root_q"] = outputs[0].search_tree.summary().qvalues[0].tolist()
    record["root_value"] = float(tree.node_values[0])
    record["tree"] = {
        "parent": tree.parents.tolist(),
        "action": tree.action_from_parent.tolist(),
        "visits": tree.node_visits.tolist(),
        "value": tree.node_values.tolist(),
        "raw_value": tree.raw_values.tolist(),
    }
    return record


def rounded(item: Any) -> Any:
    """Floats to 9 significant digits, which still name every float32 exactly; -0.0 to 0.0."""
    if isinstance(item, dict):
        return {key: value if key == "root_gumbel" else rounded(value) for key, value in item.items()}
    if isinstance(item, list | tuple):
        return [rounded(value) for value in item]
    return float(f"{item:.9g}") + 0.0 if isinstance(item, float) else item


def write(path: Path, method: str, records: list[dict[str, Any]]) -> None:
    """One line a field: records can be read, and a diff shows what changed."""
    notes = "The text at the head of make_mctx_goldens.py says what each number means and by which formula it is made."
    versions = {name: version(name) for name in ("mctx", "jax", "numpy")}
    lines = [f'{{"method": "{method}",', f' "notes": {json.dumps(notes)},', f' "made_with": {json.dumps(versions)},']
    fields = [",\n  ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in rounded(r).items()) for r in records]
    path.write_text("\n".join([*lines, ' "records": [', ",\n".join(f" {{{f}}}" for f in fields), " ]}\n"]))


def main() -> None:
    check_worlds_agree()
    folder = Path(__file__).parent
    for method, specs in (("puct", PUCT_SPECS), ("gumbel", GUMBEL_SPECS)):
        records = []
        root_hash = 0
        for spec in specs:
            policy = mctx_policy(spec)
            record = None
            while record is None:  # every record has a root of its own
                root_hash += 1
                record = make_record(spec, policy, root_hash)
            records.append(record)
            print(f"{method}: root {root_hash}, margin {record['smallest_margin']:.1e}, {spec}")
        write(folder / f"{method}.json", method, records)


if __name__ == "__main__":
    main()
