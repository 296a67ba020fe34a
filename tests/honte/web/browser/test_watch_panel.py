"""The page beside a training run: curves that grow, checkpoints to play against, games to step through."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.honte.web.browser.conftest import Serve, open_page, wait_until

pytestmark = pytest.mark.slow

TINY = [
    *("--network.blocks", "1", "--network.channels", "8", "--self-play.num-games", "16"),
    *("--self-play.num-groups", "1", "--self-play.search.num-simulations", "8", "--learn.batch-size", "32"),
    *("--learn.first-samples", "200", "--learn.reuse", "1", "--engine.kind", "torch", "--engine.precision", "fp32"),
    *("--max-minutes", "20", "--grade-minutes", "0.05", "--rating.every-minutes", "0"),
    *("--checkpoint-minutes", "0.05", "--keep-checkpoints", "100"),
]
ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a run of tic-tac-toe that goes on all the time."""
    folder = tmp_path_factory.mktemp("runs") / "watched"
    command = [sys.executable, "-m", "honte", "train", "tic_tac_toe", "--run", str(folder), *TINY]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    training = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: len(list((folder / "checkpoints").glob("*"))) >= 2, 240)
        yield folder
        assert training.poll() is None, "the training ended too early"
    finally:
        training.terminate()
        training.wait(60)


@pytest.fixture
def watching(page: Any, serve: Serve, run: Path) -> Any:
    open_page(page, serve("--run", run) + "/#game=tic_tac_toe&moves=b2&analysis=hidden")
    page.click("#watch-card summary")
    page.wait_for_selector("#watch .figure[data-points]")
    return page


def points(page: Any) -> int:
    return int(page.locator("#watch .figure").first.get_attribute("data-points") or 0)


def test_the_curves_grow_while_the_run_learns(watching: Any, expect: Any) -> None:
    page = watching
    expect(page.locator("#watch > .row .status")).to_contain_text("running now")
    expect(page.locator("#watch .figure h4").first).to_have_text("Mistakes on all positions")
    before, checkpoints = points(page), int(page.get_attribute("#watch", "data-checkpoints") or 0)
    wait_until(lambda: points(page) > before, 120)
    wait_until(lambda: int(page.get_attribute("#watch", "data-checkpoints") or 0) > checkpoints, 120)
    page.click("#watch [data-axis=games]")
    expect(page.locator("#watch .figure .plot svg").first).to_contain_text("games")
    page.click("#watch .sections button:has-text('Learning')")
    expect(page.locator("#watch .figure h4").first).not_to_have_text("Mistakes on all positions")


def test_one_plays_against_the_network_as_it_was(watching: Any, expect: Any) -> None:
    page = watching
    slider = page.locator("#watch .checkpoint-slider input")
    newest = slider.get_attribute("aria-valuetext")
    slider.focus()
    page.keyboard.press("Home")
    expect(slider).not_to_have_attribute("aria-valuetext", newest)
    oldest = page.get_attribute("#watch .checkpoint-slider", "data-step")
    expect(page.locator("#watch .which")).to_have_text(re.compile(f"after .* step {int(oldest):,}"))
    page.keyboard.press("ArrowRight")
    step = page.get_attribute("#watch .checkpoint-slider", "data-step")
    assert int(step) > int(oldest)
    page.click("#watch [data-side='1']")
    expect(page.locator("#seats")).to_contain_text(f"step {int(step):,}")
    expect(page).to_have_url(re.compile(r"game=tic_tac_toe&moves=[abc][123]$"))  # the checkpoint has begun
    page.locator("#board [role=gridcell][aria-label*='empty']").first.click()
    expect(page).to_have_url(re.compile(r"moves=[abc][123]\+[abc][123]\+[abc][123]$"))


def test_a_checkpoint_analyses(watching: Any, expect: Any) -> None:
    page = watching
    page.locator("#watch .checkpoint-slider input").focus()
    page.keyboard.press("Home")
    step = page.get_attribute("#watch .checkpoint-slider", "data-step")
    page.click("#watch .analyse")
    expect(page.locator("#analysis tbody tr").first).to_be_visible()
    expect(page.locator("#analysis select").first).to_have_value(re.compile(rf"-{step}$"))
    expect(page.locator("#analysis .verdicts")).to_contain_text("Network")
    expect(page.locator("#analysis .verdicts")).to_contain_text("Solver")  # tic-tac-toe is solved


def test_every_checkpoint_judges_the_same_position(watching: Any, expect: Any) -> None:
    page = watching
    page.click("#watch .ask")
    expect(page.locator("#watch .judge-place .status")).to_contain_text("checkpoints judged this position")
    answers = int(page.get_attribute("#watch .judge-plot", "data-answers") or 0)
    assert answers >= 2
    expect(page.locator("#watch .judge-plot .legend")).to_contain_text(re.compile(r"o wins \d+ %"))
    assert page.locator("#watch .judge-plot .plot path").count() >= 2
    page.click("#watch .judge-plot summary")
    expect(page.locator("#watch .judge-plot tbody tr")).to_have_count(answers)
    page.click("#board [role=gridcell][aria-label*='empty'] >> nth=0")
    expect(page.locator("#watch .judge-place .status")).to_contain_text("an earlier position")


def test_a_position_of_another_game_is_refused_with_a_sentence(page: Any, serve: Serve, run: Path, expect: Any) -> None:
    open_page(page, serve("--run", run) + "/#game=connect_four&moves=d&analysis=hidden")
    page.click("#watch-card summary")
    page.click("#watch .ask")
    expect(page.locator("#watch .judge-place .status")).to_contain_text("learns tic_tac_toe")


def test_a_new_game_opens_on_the_board_with_the_values_of_its_search(watching: Any, expect: Any) -> None:
    page = watching
    page.locator("#watch .games button").first.click()
    expect(page).to_have_url(re.compile(r"moves=.*at=0$"))
    page.keyboard.press("a")
    expect(page.locator("#graph .graph .curve")).to_be_attached()
    graph = page.locator("#graph .graph")
    graph.focus()
    page.keyboard.press("End")
    expect(graph).to_have_attribute(
        "aria-valuetext", re.compile("ply ([0-9]+) of \\1: after [abc][123], x (0|50|100) %")
    )
