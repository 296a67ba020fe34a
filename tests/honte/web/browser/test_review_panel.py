"""A review in a real browser: it finds a blunder that was planted, and lets one retry it and practise from it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.honte.web.browser.conftest import Serve, open_page

pytestmark = pytest.mark.slow

BLUNDER = "#game=connect_four&moves=b+b+f+d+e+g+e+d+a+c&analysis=hidden"
"""Before ply 9 only e wins for x; x plays a, which loses. At ply 10 o plays c and loses the win again."""

CELL_OF_COLUMN = {"a": 0, "c": 2, "e": 4}
"""A cell of the top row: a click anywhere in a column drops a stone."""


@pytest.fixture
def reviewed(page: Any, serve: Serve) -> Any:
    """The page after the review of a game with blunders."""
    open_page(page, serve() + "/" + BLUNDER)
    page.click("#review-card summary")
    page.select_option("#review .strength", "50")
    page.click("#review .go")
    page.wait_for_selector("#review .mistakes li")
    page.wait_for_selector("#review .progress", state="hidden")
    return page


def test_the_review_finds_the_planted_blunder_by_the_truth(reviewed: Any, expect: Any) -> None:
    page = reviewed
    expect(page.locator("#review .status")).to_contain_text("10 moves are reviewed")
    blunder = page.locator("#review .mistakes [data-ply='8']")
    expect(blunder).to_contain_text("9. a ??")
    expect(blunder).to_contain_text(
        re.compile(r"x loses \d+ points; best is e; by the solver it turns a win into a loss")
    )
    expect(page.locator("#review .mistakes [data-ply='9']")).to_contain_text("by the solver it turns a win into a loss")
    expect(page.locator("#moves")).to_contain_text("a ??")  # the list of moves has the same mark
    blunder.click()
    expect(page).to_have_url(re.compile("at=9"))
    expect(blunder).to_have_attribute("aria-current", "step")
    expect(page.locator("#review .about")).to_contain_text("x a (blunder) loses")


def test_keys_and_buttons_jump_between_the_mistakes(reviewed: Any, expect: Any) -> None:
    page = reviewed
    plies = [int(item.get_attribute("data-ply")) + 1 for item in page.locator("#review .mistakes [data-ply]").all()]
    page.locator("#controls button").first.click()  # to the start
    expect(page).to_have_url(re.compile("at=0"))
    for ply in plies[:2]:
        page.keyboard.press("m")
        expect(page).to_have_url(re.compile(f"at={ply}$"))
    page.keyboard.press("Shift+M")
    expect(page).to_have_url(re.compile(f"at={plies[0]}$"))
    page.click("#review [data-do=next]")
    expect(page).to_have_url(re.compile(f"at={plies[1]}$"))
    page.click("#review [data-do=previous]")
    expect(page).to_have_url(re.compile(f"at={plies[0]}$"))


def test_the_graph_shows_the_reviewed_game_and_its_mistakes(reviewed: Any, expect: Any) -> None:
    page = reviewed
    page.keyboard.press("a")
    expect(page.locator("#graph .graph .curve")).to_be_attached()
    marks = page.locator("#graph .graph circle[fill='var(--loss-blunder)']")
    expect(marks).to_have_count(page.locator("#review .mistakes button", has_text="??").count())
    assert marks.count() >= 2


def test_a_mistake_can_be_tried_again(reviewed: Any, expect: Any) -> None:
    page = reviewed
    page.select_option("#review .side", "0")
    expect(page.locator("#review .mistakes li").last).to_contain_text("9. a ??")
    page.click("#review [data-do=retry]")
    retry = page.locator("#review .retry")
    while "x played a here" not in retry.inner_text():
        page.click("[data-retry=next]")
    expect(page).to_have_url(re.compile("at=8$"))
    expect(page.locator("#review .mistakes")).to_be_hidden()  # the list would give the answer away

    drop(page, "c")
    expect(retry.locator(".answer")).to_have_text(re.compile("✗ Not yet: c loses .*it turns a win into a loss"))
    drop(page, "e")
    expect(retry.locator(".answer")).to_have_text(re.compile("✓ Good: e loses nothing; by the solver it keeps a win"))
    expect(page).to_have_url(re.compile("moves=b.b.f.d.e.g.e.d.a.c&at=8$"))  # tries do not change the game
    page.click("[data-retry=next]")
    expect(page.locator("#review .status")).to_have_text(re.compile(r"You found a good move for 1 of \d mistakes?\."))
    expect(page.locator("#review .mistakes")).to_be_visible()


def test_practice_begins_before_the_mistake(reviewed: Any, expect: Any) -> None:
    page = reviewed
    page.select_option("#review .side", "0")
    page.click("#review [data-do=retry]")
    while "x played a here" not in page.inner_text("#review .retry"):
        page.click("[data-retry=next]")
    page.click("[data-retry=practise]")
    expect(page.locator("#seats")).to_contain_text("honte's network")
    expect(page).to_have_url(re.compile("moves=b.b.f.d.e.g.e.d$"))
    drop(page, "e")
    expect(page).to_have_url(re.compile("moves=b.b.f.d.e.g.e.d.e.[a-g]$"))  # the agent answered


def test_a_review_can_be_stopped_and_a_game_without_moves_has_none(page: Any, serve: Serve, expect: Any) -> None:
    open_page(page, serve() + "/#game=connect_four&moves=&analysis=hidden")
    page.click("#review-card summary")
    page.click("#review .go")
    expect(page.locator("#review .status")).to_have_text("There is no move to review yet.")
    open_page(page, serve() + "/" + BLUNDER)
    page.click("#review-card summary")
    page.select_option("#review .strength", "800")
    page.click("#review .go")
    expect(page.locator("#review .go")).to_have_text("Stop the review")
    page.click("#review .go")
    expect(page.locator("#review .go")).to_have_text("Review this game")
    expect(page.locator("#review .status")).to_contain_text(
        re.compile(r"ended after \d+ of 10 moves|10 moves are reviewed")
    )


def drop(page: Any, column: str) -> None:
    page.click(f"#board [role=gridcell][data-cell='{CELL_OF_COLUMN[column]}']")
