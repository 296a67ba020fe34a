"""The search on worlds whose answers are known: forced ends, budgets, many leaves, reuse, temperature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import games
from agent import random_numbers
from agent.decision import Terms
from agent.inference.evaluate import Evaluation, hash_evaluate, uniform_evaluate
from agent.search.search import SELECTION_RULES, Search, SearchConfig
from agent.search.tree import NONE, ROOT, UNKNOWN
from games.game import Positions, States
from tests.agent.search.worlds import FunctionEvaluator, HashWorld, PlantedTree, random_tree
from tests.games.made import made

pytestmark = pytest.mark.nojit
ALL_RULES = pytest.mark.parametrize("rule", sorted(SELECTION_RULES))


def zero() -> Any:
    return np.zeros(1, np.int64)


def think(search: Search, states: States, terms: Terms | None = None) -> Any:
    search.think(np.arange(len(states)), states, terms or Terms.of(len(states)))
    answers = {}
    while len((slots_out := search.decide())[0]):
        slots, out = slots_out
        for i, slot in enumerate(slots.tolist()):
            answers[slot] = type(out)(*(array[i] for array in out))
    return [answers[slot] for slot in range(len(states))]


def first(game: Any) -> States:
    states = game.new(1)
    game.init(states)
    return states


def consistent(search: Search, slot: int) -> None:
    """Nothing waits, and every node's visits are its own evaluation and those of its edges."""
    nodes = search.trees.nodes[slot, : search.trees.slots[slot]["num_nodes"]]
    for index, node in enumerate(nodes):
        edges = search.trees.children(slot, index)
        assert node["pending"] == 0
        assert not edges["pending"].any()
        assert node["visits"] == 1 + edges["visits"].sum()
        for edge in edges[edges["child"] != NONE]:
            if edge["proven"] == UNKNOWN:
                assert nodes[edge["child"]]["visits"] == edge["visits"]


# --- planted truth ---


@ALL_RULES
@pytest.mark.parametrize("seed", range(12))
def test_a_small_game_is_solved_and_the_move_is_right(rule: str, seed: int) -> None:
    game = PlantedTree(random_tree(np.random.default_rng(seed), 4))
    if game.outcome[0] is not None:
        game = PlantedTree({0: 1, 1: -1, 2: 0})
    search = Search(game, hash_evaluate, SearchConfig(rule=rule, num_simulations=300), num_slots=1)
    (answer,) = think(search, first(game))
    if rule != "gumbel":  # which need not look at every move
        assert answer.proven
    if answer.proven:
        assert answer.value == game.solved()
    below = game.children[0][int(answer.action)]
    assert game.solved(below) * (1 if game.mover[below] == game.mover[0] else -1) == game.solved()
    consistent(search, 0)


@ALL_RULES
def test_a_proof_is_final(rule: str) -> None:
    """More simulations never change a proven decision's value, and no proof is ever wrong."""
    for seed in range(8):
        game = PlantedTree({9: {0: 0}} if seed == 0 else {0: random_tree(np.random.default_rng(seed), 5), 1: 0}, 10)
        proven = False
        for budget in (1, 2, 4, 8, 16, 32, 64, 128, 256):
            search = Search(game, hash_evaluate, SearchConfig(rule=rule, num_simulations=budget), num_slots=1)
            (answer,) = think(search, first(game))
            assert answer.proven or not proven
            proven = answer.proven
            if proven:
                assert answer.value == game.solved()


WINNING = {0: 0, 1: -1, 2: {0: {0: 1}, 1: 1}}


@ALL_RULES
def test_a_forced_win_is_played_and_a_loss_avoided(rule: str) -> None:
    def fooled(states: States, positions: Positions) -> Evaluation:  # a network that loves the wrong move
        logits = np.zeros((len(states), 3), np.float32)
        logits[:, 0] = 2
        return Evaluation(logits, np.full(len(states), -0.5, np.float32))

    config = SearchConfig(rule=rule, num_simulations=100)
    evaluate = FunctionEvaluator(fooled)
    game = PlantedTree(WINNING)
    (answer,) = think(Search(game, evaluate, config, num_slots=1), first(game))
    assert (answer.action, answer.value, answer.proven) == (2, 1, True)
    assert answer.policy.tolist() == [0, 0, 1]
    game = PlantedTree({0: {0: -1, 1: 1}, 1: 0})
    (answer,) = think(Search(game, evaluate, config, num_slots=1), first(game))
    assert (answer.action, answer.value, answer.proven) == (1, 0, True)
    assert answer.policy.tolist() == [0, 1, 0]


@ALL_RULES
def test_when_all_is_lost_a_move_is_still_legal(rule: str) -> None:
    game = PlantedTree({1: -1, 2: {0: -1}})
    (answer,) = think(
        Search(game, hash_evaluate, SearchConfig(rule=rule, num_simulations=50), num_slots=1), first(game)
    )
    assert answer.value == -1
    assert answer.proven
    assert answer.action in (1, 2)
    np.testing.assert_allclose(answer.policy.sum(), 1, rtol=1e-6)
    assert answer.policy[0] == 0


@ALL_RULES
@pytest.mark.parametrize("lookahead", [1, 2])
def test_lookahead_finds_what_two_plies_hide(rule: str, lookahead: int) -> None:
    """The other player must give the win away two plies below the leaf."""
    game = made("connect_four")
    states = games.position(game).play("a g a g a").states  # a threatens four; g must answer a
    config = SearchConfig(rule=rule, num_simulations=60, lookahead=lookahead)
    search = Search(game, uniform_evaluate, config, num_slots=1)
    (answer,) = think(search, states)
    assert answer.action == answer.policy.argmax() == 0
    assert (search.trees.children(0)["proven"] == [UNKNOWN, -1, -1, -1, -1, -1, -1]).all()


@pytest.mark.parametrize("lookahead", [0, 1])
def test_a_lookahead_of_one_ply_proves_a_leaf_at_its_first_visit(lookahead: int) -> None:
    game = made("connect_four")
    config = SearchConfig(rule="uct", num_simulations=7, lookahead=lookahead)  # each move once
    search = Search(game, uniform_evaluate, config, num_slots=1)
    think(search, games.position(game).play("a g a g a").states)
    assert search.trees.children(0)["visits"].tolist() == [1] * 7
    assert search.trees.children(0)["proven"].tolist() == [UNKNOWN] + [-1 if lookahead else UNKNOWN] * 6


@ALL_RULES
def test_a_finished_game_is_refused(rule: str) -> None:
    game = made("tic_tac_toe")
    over = games.position(game).play("a1 a2 b1 b2 c1").states
    search = Search(game, uniform_evaluate, SearchConfig(rule=rule), num_slots=1)
    search.think(zero(), over, Terms.of(1))
    with pytest.raises(ValueError, match="finished game of tic_tac_toe cannot be searched"):
        search.decide()


def test_leaves_are_evaluated_in_every_symmetry_if_the_settings_say_so() -> None:
    game = made("connect_four")
    for average in (False, True):
        config = SearchConfig(num_simulations=4, average_symmetries=average)
        search = Search(game, hash_evaluate, config, num_slots=1)
        think(search, first(game))
        priors = search.trees.children(0)["prior"]
        assert np.allclose(priors, priors[::-1], rtol=1e-5) == average


@pytest.mark.parametrize("rule", ["gumbel", "puct"])
def test_the_prior_temperature_divides_the_logits(rule: str) -> None:
    game = made("connect_four")
    priors = {}
    for temperature in (1.0, 2.0):
        config = SearchConfig(rule=rule, num_simulations=30, prior_temperature=temperature)
        search = Search(game, hash_evaluate, config, num_slots=1)
        think(search, first(game))
        for node in range(int(search.trees.slots[0]["num_nodes"])):
            moves = search.trees.moves[0, search.trees.nodes[0, node]["first_edge"] :]
            moves = moves[: search.trees.nodes[0, node]["num_edges"]]
            state = search.arena[node].tobytes()
            priors[state, temperature] = moves["prior"][np.argsort(moves["action"])]
    states = {state for state, _ in priors}
    both = [state for state in states if (state, 1.0) in priors and (state, 2.0) in priors and len(priors[state, 1.0])]
    assert len(both) > 5
    for state in both:
        softer = np.sqrt(priors[state, 1.0])
        np.testing.assert_allclose(priors[state, 2.0], softer / softer.sum(), rtol=1e-4)


def test_a_high_prior_temperature_spreads_the_visits() -> None:
    game = made("connect_four")
    certain = np.zeros(game.num_actions, np.float32)
    certain[3] = 10

    def evaluate(states: States, positions: Positions) -> Evaluation:
        return Evaluation(np.tile(certain, (len(states), 1)), np.zeros(len(states), np.float32))

    most = []
    for temperature in (1.0, 3.0, 100.0):
        config = SearchConfig(rule="puct", num_simulations=100, prior_temperature=temperature)
        search = Search(game, FunctionEvaluator(evaluate), config, num_slots=1)
        think(search, first(game))
        most.append(int(search.trees.children(0)["visits"].max()))
    assert most[0] > 95
    assert most[0] > most[1] > most[2]
    assert most[2] < 25


@pytest.mark.parametrize("temperature", [0.0, 0.001, 1001.0, -1.0, float("nan"), float("inf")])
def test_a_prior_temperature_that_cannot_be_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match=r"search\.prior_temperature is .*: it must be a number from 0.01 to 1,000"):
        SearchConfig(prior_temperature=temperature)


def test_an_evaluator_that_reads_states_gets_those_of_its_positions() -> None:
    game = made("tic_tac_toe")
    partial = 0

    def compare(states: States, positions: Positions) -> Evaluation:
        nonlocal partial
        partial += len(states) < 8  # leaves at the end of a game are not evaluated
        np.testing.assert_array_equal(game.describe_new(states).observation, positions.observation)
        return hash_evaluate(states, positions)

    evaluator = FunctionEvaluator(compare)
    assert evaluator.reads_states
    states = np.repeat(first(game), 8)
    game.step(states, np.arange(8))
    think(Search(game, evaluator, SearchConfig(num_simulations=100), num_slots=8), states)
    assert partial > 0


def test_by_default_a_search_is_plain() -> None:
    config = SearchConfig()
    assert (config.rule, config.num_simulations, config.leaves) == ("gumbel", 32, 1)
    assert (config.lookahead, config.lookahead_nodes, config.reuse, config.average_symmetries) == (0, 0, False, False)
    assert config.prior_temperature == 1


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(ValueError, match=r"search\.rule is 'alphabeta': it must be gumbel, puct or uct"):
        Search(made("tic_tac_toe"), uniform_evaluate, SearchConfig(rule="alphabeta"), num_slots=1)


@pytest.mark.parametrize("leaves", [-1, 0, 32_768])
def test_a_number_of_leaves_that_cannot_be_is_refused(leaves: int) -> None:
    with pytest.raises(ValueError, match=rf"search\.leaves is {leaves}: it must be a whole number from 1 to 1,024"):
        Search(made("tic_tac_toe"), uniform_evaluate, SearchConfig(leaves=leaves), num_slots=1)


# --- budgets and slots ---


@ALL_RULES
@pytest.mark.parametrize("leaves", [1, 3, 8, 64])
def test_the_whole_budget_is_spent_and_no_more(rule: str, leaves: int) -> None:
    world, evaluated = HashWorld(5), []

    def evaluate(states: States, positions: Positions) -> Evaluation:
        evaluated.append(len(states))
        return world.evaluate(states, positions)

    config = SearchConfig(rule=rule, num_simulations=30, leaves=leaves)
    search = Search(world, FunctionEvaluator(evaluate), config, num_slots=6)
    budgets = [0, 1, 7, 29, 30, 999]
    answers = think(search, world.roots(*range(6)), Terms.of(6)._replace(budgets=np.array(budgets)))
    assert [int(answer.visits.sum()) for answer in answers] == [0, 1, 7, 29, 30, 30]
    assert sum(evaluated) == 97 + 6
    assert search.simulations == 97
    for slot, answer in enumerate(answers):
        consistent(search, slot)
        np.testing.assert_allclose(answer.policy.sum(), 1, rtol=1e-5)
        assert -1 <= answer.value <= 1


@ALL_RULES
def test_many_leaves_see_much_the_same(rule: str) -> None:
    """Gathering leaves costs little: the favourite of a long search stays the favourite."""
    world = HashWorld(3)
    favourites = []
    for leaves in (1, 4):
        search = Search(
            world, world.evaluate, SearchConfig(rule=rule, num_simulations=120, leaves=leaves), num_slots=16
        )
        favourites.append([int(answer.policy.argmax()) for answer in think(search, world.roots(*range(16)))])
    assert sum(a == b for a, b in zip(*favourites, strict=True)) >= 9  # of 16; 5 by chance


@ALL_RULES
@pytest.mark.parametrize("leaves", [1, 4])
def test_a_slot_thinks_alone_as_among_others(rule: str, leaves: int) -> None:
    game = made("connect_four:rows=4,columns=5,k=3")
    random = np.random.default_rng(1)
    states = game.new(8)
    game.init(states)
    for b in range(8):
        for _ in range(b % 4):
            legal = np.flatnonzero(game.describe_new(states[b : b + 1]).legal[0])
            game.advance(states, np.array([b]), np.array([b]), random.choice(legal, 1))
    keys = random_numbers.make_keys(3, np.arange(8), 0)
    config = SearchConfig(rule=rule, num_simulations=24, leaves=leaves, lookahead=1)
    terms = Terms(np.arange(17, 25), keys, np.full(8, 0.5, np.float32), np.arange(8) % 2 == 0)
    together = think(Search(game, hash_evaluate, config, num_slots=8), states, terms)
    for b in range(8):
        search = Search(game, hash_evaluate, config, num_slots=1)
        (alone,) = think(search, states[b : b + 1], terms.rows(slice(b, b + 1)))
        for mine, other in zip(alone, together[b], strict=True):
            assert np.asarray(mine).tobytes() == np.asarray(other).tobytes()


@ALL_RULES
def test_a_small_budget_is_answered_first(rule: str) -> None:
    world = HashWorld(3)
    search = Search(world, world.evaluate, SearchConfig(rule=rule, num_simulations=50), num_slots=3)
    search.think(np.arange(3), world.roots(1, 2, 3), Terms.of(3)._replace(budgets=np.array([50, 5, 20])))
    assert [search.decide()[0].tolist() for _ in range(4)] == [[1], [2], [0], []]


@ALL_RULES
def test_stop_forgets(rule: str) -> None:
    world = HashWorld(3)
    search = Search(world, world.evaluate, SearchConfig(rule=rule, num_simulations=50), num_slots=2)
    search.think(np.arange(2), world.roots(1, 2), Terms.of(2)._replace(budgets=np.array([5, 50])))
    search.decide()
    search.stop()
    assert len(search.decide()[0]) == 0
    (answer, _) = think(search, world.roots(1, 2))
    fresh = Search(world, world.evaluate, SearchConfig(rule=rule, num_simulations=50), num_slots=2)
    assert (answer.visits == think(fresh, world.roots(1, 2))[0].visits).all()


# --- reuse ---


@ALL_RULES
@pytest.mark.parametrize("plies", [0, 1, 2])
def test_thinking_on_keeps_what_was_found(rule: str, plies: int) -> None:
    world = HashWorld(3)
    config = SearchConfig(rule=rule, num_simulations=200, reuse=True)
    search = Search(world, world.evaluate, config, num_slots=2)
    states = world.roots(5, 6)
    think(search, states)
    line = search.principal_variation(0)
    node = ROOT
    for action in line[:plies]:
        edges = search.trees.children(0, node)
        node = int(edges["child"][edges["action"] == action][0])
        world.step(states[:1], np.array([action]))
    visits, value = search.trees.nodes[0, node]["visits"], search.trees.nodes[0, node]["value_sum"]
    assert visits > 3
    search.think(zero(), states[:1], Terms.of(1, budget=0))
    assert search.trees.nodes[0, ROOT]["visits"] == visits
    assert search.trees.nodes[0, ROOT]["value_sum"] == value
    search.decide()
    before = search.simulations
    search.think(zero(), states[:1], Terms.of(1, budget=40))
    _, out = search.decide()
    assert search.simulations == before + 40
    assert search.trees.nodes[0, ROOT]["visits"] == visits + 40
    assert out.visits[0].sum() == visits + 40 - 1
    consistent(search, 0)
    states_of_nodes = search.arena[: search.trees.slots[0]["num_nodes"]]  # slot 0: nodes carry their own states
    for node in range(1, len(states_of_nodes)):
        record = search.trees.nodes[0, node]
        expected = states_of_nodes[record["parent"] : record["parent"] + 1].copy()
        world.step(expected, search.trees.moves[0, [record["parent_edge"]]]["action"])
        assert states_of_nodes[node] == expected[0]


@ALL_RULES
def test_another_position_starts_afresh(rule: str) -> None:
    world = HashWorld(3)
    config = SearchConfig(rule=rule, num_simulations=60, reuse=True)
    search = Search(world, world.evaluate, config, num_slots=1)
    think(search, world.roots(5))
    (answer,) = think(search, world.roots(6))
    fresh = Search(world, world.evaluate, config, num_slots=1)
    assert (answer.visits == think(fresh, world.roots(6))[0].visits).all()


@ALL_RULES
def test_a_game_played_with_reuse_never_overflows(rule: str) -> None:
    game = made("connect_four")
    search = Search(game, hash_evaluate, SearchConfig(rule=rule, num_simulations=40, reuse=True, leaves=4), num_slots=1)
    here = games.position(game)
    while not here.is_over:
        (answer,) = think(search, here.states)
        assert answer.visits.sum() >= 40 or answer.proven
        consistent(search, 0)
        here = here.play(int(answer.action))


def test_noise_on_a_kept_root_does_not_pile_up() -> None:
    world = HashWorld(5)
    search = Search(world, world.evaluate, SearchConfig(rule="puct", num_simulations=50, reuse=True), num_slots=1)
    loud = Terms.of(1, budget=10)._replace(explore=np.ones(1, bool))
    priors = []
    for _ in range(3):
        think(search, world.roots(5), loud)
        priors.append(search.trees.children(0)["prior"].copy())
    np.testing.assert_allclose(priors[1], priors[0], rtol=1e-5)
    np.testing.assert_allclose(priors[2], priors[0], rtol=1e-5)


def test_a_node_that_only_the_lookahead_proved_is_searched_afresh() -> None:
    """Such a node has no edges, so there is nothing to reuse and something to decide."""
    game = made("connect_four")
    config = SearchConfig(num_simulations=60, lookahead=2, reuse=True)
    search, here = Search(game, uniform_evaluate, config, num_slots=1), games.position(game).play("a g a g a")
    think(search, here.states)
    for text in ("b", "a"):  # a mistake, after which the fourth in column a wins
        here = here.play(text)
        if not here.is_over:
            (answer,) = think(search, here.states)
            assert (answer.action, answer.value, answer.proven) == (0, 1, True)
            assert search.trees.nodes[0, ROOT]["num_edges"] == 7
            consistent(search, 0)


# --- what is played ---


@ALL_RULES
def test_temperature_samples_by_key(rule: str) -> None:
    world = HashWorld(4)
    count = 64
    search = Search(world, world.evaluate, SearchConfig(rule=rule, num_simulations=16), num_slots=count)
    states = world.roots(*[9] * count)
    cold = think(search, states, Terms.of(count))
    warm = Terms.of(count, keys=random_numbers.make_keys(1, np.arange(count), 0))._replace(
        temperature=np.ones(count, np.float32)
    )
    one, two = think(search, states, warm), think(search, states, warm)
    if rule != "uct":  # whose keys order unvisited edges, too
        assert len({int(answer.action) for answer in cold}) == 1
    assert [answer.action for answer in one] == [answer.action for answer in two]
    assert len({int(answer.action) for answer in one}) > 1
    for answer in one:
        assert answer.policy[answer.action] > 0
    nearly = think(search, states, warm._replace(temperature=np.full(count, 0.01, np.float32)))
    assert all(answer.policy[answer.action] >= 0.99 * answer.policy.max() for answer in nearly)


@pytest.mark.parametrize("rule", ["gumbel", "puct"])
def test_exploring_slots_differ_and_others_do_not(rule: str) -> None:
    world = HashWorld(6)
    count = 32
    search = Search(world, world.evaluate, SearchConfig(rule=rule, num_simulations=24), num_slots=count)
    states, keys = world.roots(*[9] * count), random_numbers.make_keys(1, np.arange(count), 0)
    for loud in (False, True):
        answers = think(search, states, Terms.of(count, keys=keys)._replace(explore=np.full(count, loud)))
        assert (len({answer.visits.tobytes() for answer in answers}) > 1) == loud


@ALL_RULES
def test_principal_variation_is_legal_and_ends(rule: str) -> None:
    world = HashWorld(3)
    search = Search(world, world.evaluate, SearchConfig(rule=rule, num_simulations=64), num_slots=1)
    (answer,) = think(search, world.roots(4))
    line = search.principal_variation(0)
    assert line[0] == answer.visits.argmax()
    assert len(line) >= 2
