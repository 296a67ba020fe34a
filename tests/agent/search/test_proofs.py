"""What is proven at a root changes its decision, on roots built by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agent.decision import Decisions
from agent.search.proofs import respect_proofs
from agent.search.tree import ROOT, UNKNOWN
from tests.agent.search.test_puct import node

pytestmark = pytest.mark.nojit


def decide(proven: Any, policy: Any, *, root: int = UNKNOWN, action: int = 0, tried: Any = None) -> Decisions:
    """The decision that is left of ``policy`` and ``action``; the value was 0.25."""
    trees = node(
        [0.4, 0.3, 0.2, 0.1], [1, 1, 1, 1] if tried is None else tried, [0] * 4, proven=proven, order=(2, 0, 3, 1)
    )
    trees.nodes[0, ROOT]["proven"] = root
    out = Decisions.empty(2, 4)
    out.policy[:], out.action[:], out.value[:] = policy, action, 0.25
    out.proven[1] = any(p != UNKNOWN for p in proven)
    respect_proofs(*trees.arrays[1:], np.zeros(2, np.int64), out)
    np.testing.assert_allclose(out.policy[0], policy, rtol=1e-6)  # row 0 says that nothing is proven
    assert (out.action[0], out.value[0], out.proven[0]) == (action, 0.25, False)
    return out.rows(1)


def test_proven_losses_leave_the_policy() -> None:
    out = decide([-1, 2, 0, 2], [0.5, 0.1, 0.15, 0.25])
    np.testing.assert_allclose(out.policy, [0, 0.2, 0.3, 0.5], rtol=1e-6)
    assert (out.action, out.value, out.proven) == (3, 0.25, False)
    assert decide([-1, 2, 0, 2], [0.5, 0.1, 0.15, 0.25], action=1).action == 1


@pytest.mark.parametrize(("root", "good"), [(1, [1, 3]), (0, [0]), (-1, [2])])
def test_of_a_proven_root_only_actions_that_reach_its_value_stay(root: int, good: list[int]) -> None:
    policy = np.array([0.4, 0.2, 0.3, 0.1])
    bad = next(a for a in range(4) if a not in good)
    out = decide([0, 1, -1, 1], policy, root=root, action=bad)
    expected = np.zeros(4)
    expected[good] = policy[good] / policy[good].sum()
    np.testing.assert_allclose(out.policy, expected, rtol=1e-6)
    assert (out.action, out.value, out.proven) == (expected.argmax(), root, True)
    assert decide([0, 1, -1, 1], policy, root=root, action=good[-1]).action == good[-1]


def test_a_policy_that_gives_the_good_actions_nothing_is_replaced_by_their_priors() -> None:
    for rest in (0.0, 5e-7):
        out = decide([-1, -1, 2, 2], [0.6, 0.4 - rest, rest, 0.0])
        np.testing.assert_allclose(out.policy, [0, 0, 2 / 3, 1 / 3], rtol=1e-4)
        assert out.action == 2
    out = decide([-1, -1, 2, 2], [0.6, 0.4 - 4e-6, 1e-6, 3e-6])
    np.testing.assert_allclose(out.policy, [0, 0, 0.25, 0.75], rtol=1e-4)


@pytest.mark.parametrize(
    ("proven", "root"), [([-1] * 4, -1), ([0, 0, 0, 0], 0), ([-1] * 4, UNKNOWN), ([0, 1, 2, 2], UNKNOWN)]
)
def test_where_all_actions_are_alike_the_policy_stays(proven: Any, root: int) -> None:
    out = decide(proven, [0.4, 0.2, 0.3, 0.1], root=root, action=2)
    np.testing.assert_allclose(out.policy, [0.4, 0.2, 0.3, 0.1], rtol=1e-6)
    assert (out.action, out.proven) == (2, root != UNKNOWN)
    assert out.value == (0.25 if root == UNKNOWN else root)


def test_an_action_that_was_never_tried_is_not_proven() -> None:
    out = decide([-1, 2, 2, 2], [0.4, 0.3, 0.2, 0.1], tried=[1, 0, 0, 0])
    np.testing.assert_allclose(out.policy, [0, 0.5, 1 / 3, 1 / 6], rtol=1e-6)
    out = decide([1, 2, 2, 2], [0.1, 0.3, 0.2, 0.4], root=1, action=3, tried=[1, 0, 0, 0])
    assert out.policy.tolist() == [1, 0, 0, 0]
    assert (out.action, out.value) == (0, 1)
