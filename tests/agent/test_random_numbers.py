"""Random numbers by counter: their moments, and that each follows from its key and use alone."""

from __future__ import annotations

import numpy as np
import pytest

from agent import random_numbers

pytestmark = pytest.mark.nojit
COUNT = 20000


def many(seed: int = 1, count: int = COUNT) -> random_numbers.Keys:
    return random_numbers.make_keys(seed, np.arange(count), 0)


def test_keys_differ_by_seed_game_and_ply() -> None:
    parts = [random_numbers.make_keys(seed, game, np.arange(50)) for seed in range(5) for game in range(20)]
    assert len(np.unique(np.concatenate(parts))) == 5000
    assert (
        random_numbers.make_keys(3, np.arange(4), 7) == [random_numbers.make_keys(3, game, 7)[0] for game in range(4)]
    ).all()


def test_numbers_never_change() -> None:
    """Stored games are played again by these."""
    assert random_numbers.mix(np.array([0, 1], np.uint64)).tolist() == [16294208416658607535, 10451216379200822465]
    assert random_numbers.make_keys(1, 2, 3).tolist() == [15020427595393229491]
    np.testing.assert_array_equal(
        random_numbers.draw_uniforms(random_numbers.make_keys(1, 2, 3), random_numbers.NOISE, 2),
        [[0.5287342828379434, 0.058516418420152205]],
    )


def test_uniforms_are_uniform_and_never_0_or_1() -> None:
    draws = random_numbers.draw_uniforms(many(), random_numbers.SAMPLE, 8)
    assert draws.shape == (COUNT, 8)
    np.testing.assert_allclose(draws.mean(axis=0), 0.5, atol=0.01)
    np.testing.assert_allclose(draws.var(axis=0), 1 / 12, atol=0.003)
    for lag in (1, 3):
        assert abs(np.corrcoef(draws[:, 0], draws[:, lag])[0, 1]) < 0.03
    counts = np.histogram(draws, bins=64, range=(0, 1))[0]
    expected = draws.size / 64
    assert ((counts - expected) ** 2 / expected).sum() < 120  # chi-squared, 63 degrees of freedom


def test_the_ends_of_the_uniforms(monkeypatch: pytest.MonkeyPatch) -> None:
    for bits, inside in ((0, lambda u: 0 < u < 1e-15), (2**64 - 1, lambda u: 1 - 1e-15 < u < 1)):
        monkeypatch.setattr(random_numbers, "mix", lambda values, bits=bits: np.full(np.shape(values), bits, np.uint64))
        (draw,) = random_numbers.draw_uniforms(np.zeros(1, np.uint64), 0, 1)[0]
        assert inside(draw)
        assert np.isfinite(random_numbers.draw_gumbels(np.zeros(1, np.uint64), 0, 1)).all()


def test_a_number_follows_from_its_key_and_use_alone() -> None:
    keys = many(count=100)
    for draw in (random_numbers.draw_uniforms, random_numbers.draw_gumbels):
        together = draw(keys, random_numbers.NOISE, 5)
        assert (draw(keys[40:41], random_numbers.NOISE, 5) == together[40]).all()
        assert (draw(keys, random_numbers.NOISE, 3) == together[:, :3]).all()
        assert (draw(keys[::-1], random_numbers.NOISE, 5)[::-1] == together).all()


def test_uses_are_independent() -> None:
    uses = range(6)
    draws = [random_numbers.draw_uniforms(many(), use, 1)[:, 0] for use in uses]
    for a in uses:
        for b in range(a):
            assert abs(np.corrcoef(draws[a], draws[b])[0, 1]) < 0.03


def test_gumbels() -> None:
    draws = random_numbers.draw_gumbels(many(), random_numbers.NOISE, 4)
    assert draws.dtype == np.float32
    np.testing.assert_allclose(draws.mean(), np.euler_gamma, atol=0.01)
    np.testing.assert_allclose(draws.var(), np.pi**2 / 6, rtol=0.02)
    winners = np.argmax(np.log([0.1, 0.2, 0.3, 0.4]) + draws, axis=1)  # the Gumbel-max trick
    np.testing.assert_allclose(np.bincount(winners) / COUNT, [0.1, 0.2, 0.3, 0.4], atol=0.012)


@pytest.mark.parametrize("alpha", [(0.3, 0.3, 0.3), (1.0, 2.0, 3.0), (0.03, 0.5, 10.0), (1.43,) * 7])
def test_dirichlets(alpha: tuple[float, ...]) -> None:
    draws = random_numbers.draw_dirichlets(many(), random_numbers.NOISE, np.tile(alpha, (COUNT, 1))).astype(np.float64)
    np.testing.assert_allclose(draws.sum(axis=1), 1, rtol=1e-5)
    share = np.array(alpha) / np.sum(alpha)
    np.testing.assert_allclose(draws.mean(axis=0), share, atol=0.01)
    np.testing.assert_allclose(draws.var(axis=0), share * (1 - share) / (np.sum(alpha) + 1), rtol=0.06, atol=1e-4)


def test_an_alpha_of_0_gets_0_and_rows_are_independent() -> None:
    alpha = np.array([[0.5, 0, 0.5, 0.5], [2, 2, 0, 0]], np.float64)
    keys = many(count=2)
    draws = random_numbers.draw_dirichlets(keys, random_numbers.NOISE, alpha)
    assert (draws[alpha == 0] == 0).all()
    assert (draws[alpha > 0] > 0).all()
    for b in range(2):
        assert (
            random_numbers.draw_dirichlets(keys[b : b + 1], random_numbers.NOISE, alpha[b : b + 1]) == draws[b]
        ).all()


def test_a_tiny_alpha_is_still_a_distribution() -> None:
    draws = random_numbers.draw_dirichlets(many(count=500), random_numbers.NOISE, np.full((500, 20), 1e-4))
    assert np.isfinite(draws).all()
    np.testing.assert_allclose(draws.sum(axis=1), 1, rtol=1e-5)


def test_choices() -> None:
    weights = np.tile([0.0, 1.0, 0.0, 3.0, 0.0], (COUNT, 1))
    picks = random_numbers.draw_choices(many(), random_numbers.SAMPLE, weights)
    assert set(picks.tolist()) == {1, 3}
    np.testing.assert_allclose((picks == 3).mean(), 0.75, atol=0.01)
    assert (random_numbers.draw_choices(many(), random_numbers.SAMPLE, weights * 1e-30) == picks).all()


def test_choices_at_the_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = np.array([[0.0, 0.1, 0.2, 0.0], [0.0, 1.9, 0.0, 0.0], [0.0, 0.0, 0.7, 0.0]])
    for draw, expected in ((2.0**-53, [1, 1, 2]), (1 - 2.0**-53, [2, 1, 2])):
        monkeypatch.setattr(
            random_numbers, "draw_uniforms", lambda of, use, count, draw=draw: np.full((len(of), count), draw)
        )
        assert random_numbers.draw_choices(np.zeros(3, np.uint64), 0, weights).tolist() == expected
