"""The analysis in a real browser: it streams and stops, marks the board, plays variations out and opens its tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.honte.web.browser.conftest import Serve, open_page

pytestmark = pytest.mark.slow

ONLY_E_WINS = "#game=connect_four&moves=b+b+f+d+e+g+e+d"
"""x is to play; the solver says that e wins and that each other move loses."""


@pytest.fixture
def analysed(page: Any, serve: Serve) -> Any:
    """The page with a running analysis of a Connect Four position."""
    open_page(page, serve() + "/" + ONLY_E_WINS + "&analysis=shown")
    page.wait_for_selector("#analysis tbody tr[data-move=e]")
    return page


def visits(page: Any) -> int:
    return int(page.get_attribute("#analysis", "data-visits") or 0)


def labels(page: Any) -> list[str]:
    """The labels of the marks that lie on the board."""
    return [text for text in page.locator("#board .mark-label").all_text_contents() if text]


def test_nothing_is_shown_until_it_is_asked_for(page: Any, serve: Serve, expect: Any) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_page(page, serve() + "/" + ONLY_E_WINS + "&analysis=hidden")
    expect(page.locator("#analysis")).to_contain_text("hidden, so that you can think first")
    assert page.locator("#analysis table:visible, #graph .graph:visible").count() == 0
    assert not any("/api/analysis" in url for url in asked)
    page.keyboard.press("a")
    expect(page.locator("#analysis tbody tr[data-move=e]")).to_be_visible()
    expect(page.locator("#graph .graph")).to_be_visible()
    page.keyboard.press("a")
    expect(page.locator("#analysis tbody tr[data-move=e]")).to_be_hidden()
    assert labels(page) == []


def test_an_analysis_streams_and_stops(analysed: Any, expect: Any) -> None:
    page = analysed
    seen = {visits(page)}
    while len(seen) < 4:
        page.wait_for_timeout(50)
        seen.add(visits(page))
    page.click("#analysis .go")
    expect(page.locator("#analysis .go")).to_have_text("Analyse")
    stopped = visits(page)
    page.wait_for_timeout(600)
    assert visits(page) == stopped
    page.keyboard.press("s")
    expect(page.locator("#analysis .go")).to_have_text("Stop")
    while visits(page) == stopped:
        page.wait_for_timeout(50)


def test_an_analysis_with_a_budget_ends(analysed: Any, expect: Any) -> None:
    page = analysed
    page.select_option("#analysis .budget", "100")
    expect(page.locator("#analysis .status")).to_contain_text("done")
    assert visits(page) <= 101
    expect(page.locator("#analysis .go")).to_have_text("Analyse")


def test_verdicts_stand_side_by_side(analysed: Any, expect: Any) -> None:
    """The solver's word comes a little later than the search's."""
    page = analysed
    solver = page.locator("#analysis .verdicts tbody tr", has_text="Solver")
    expect(solver).to_contain_text("a win")
    expect(solver).to_contain_text("1 of 7 moves keep it")
    expect(page.locator("#analysis .verdicts tbody tr", has_text="Network")).to_be_visible()
    expect(page.locator("#analysis .verdicts tbody tr", has_text="Search")).to_contain_text("e ✓")
    expect(page.locator("#analysis tbody tr[data-move=e] td.truth")).to_have_text("✓ win")
    expect(page.locator("#analysis tbody tr[data-move=d] td.truth")).to_have_text("✗ loss")


def test_moves_are_coloured_by_their_loss_and_marked_with_text(analysed: Any, expect: Any) -> None:
    page = analysed
    best, bad = (page.locator(f"#analysis tbody tr[data-move={move}]") for move in "ed")
    expect(best.locator(".mark")).to_have_text("★")
    expect(bad.locator(".mark")).to_have_text("??")
    assert best.locator("circle").get_attribute("fill") == "var(--loss-best)"
    assert bad.locator("circle").get_attribute("fill") == "var(--loss-blunder)"


def test_the_heat_map_goes_through_its_kinds(analysed: Any, expect: Any) -> None:
    page = analysed
    page.select_option("#analysis .budget", "100")
    expect(page.locator("#analysis .status")).to_contain_text("done")
    shown = {}
    for kind in ("moves", "prior", "visits", "value", "off"):
        expect(page.locator(f"#analysis [data-heat={kind}]")).to_have_attribute("aria-pressed", "true")
        shown[kind] = labels(page)
        page.keyboard.press("h")
    expect(page.locator("#analysis [data-heat=moves]")).to_have_attribute("aria-pressed", "true")
    assert shown["off"] == []
    assert all(re.fullmatch(r"\d+|−[\d.]+", text) for texts in shown.values() for text in texts)
    for kind in ("prior", "visits"):
        assert shown[kind]
        assert sum(map(int, shown[kind])) in range(95, 105)  # shares in percent
    assert shown["moves"] != shown["prior"]
    page.click("#analysis [data-heat=prior]")
    assert labels(page) == shown["prior"]


@pytest.mark.parametrize("way", ["pointer", "keyboard"])
def test_a_move_under_the_pointer_or_the_focus_plays_its_variation_out(analysed: Any, expect: Any, way: str) -> None:
    page = analysed
    page.select_option("#analysis .budget", "100")
    expect(page.locator("#analysis .status")).to_contain_text("done")
    page.mouse.move(2, 2)
    row = page.locator("#analysis tbody tr[data-move=e]")
    line = row.locator("td.line").inner_text().split()
    assert len(line) > 1
    button = row.locator("button")
    if way == "pointer":
        button.hover()
    else:
        page.locator("#analysis .more").focus()
        press_until(page, "Shift+Tab", lambda: button.evaluate("button => button === document.activeElement"))
    expect(page.locator("#board")).to_have_class(re.compile("previewing"))
    numbers = page.locator("#board .numbered + text")
    expect(numbers).to_have_count(len(line))
    assert sorted(map(int, numbers.all_text_contents())) == list(range(1, len(line) + 1))
    if way == "pointer":
        page.mouse.move(2, 2)
    else:
        page.keyboard.press("Shift+Tab")
    expect(page.locator("#board")).not_to_have_class(re.compile("previewing"))


def test_a_click_on_a_move_plays_it(analysed: Any, expect: Any) -> None:
    page = analysed
    page.click("#analysis tbody tr[data-move=e] button")
    expect(page.locator("#board [role=gridcell][data-cell='25']")).to_have_attribute(
        "aria-label", re.compile("last move")
    )
    assert page.url.endswith("moves=b+b+f+d+e+g+e+d+e")
    page.wait_for_selector("#analysis tbody tr")  # the analysis follows


def test_the_win_rate_graph_jumps(analysed: Any, expect: Any) -> None:
    page = analysed
    graph = page.locator("#graph .graph")
    expect(graph).to_have_attribute("aria-valuenow", "8")
    graph.focus()
    page.keyboard.press("ArrowLeft")
    expect(graph).to_have_attribute("aria-valuenow", "7")
    page.keyboard.press("Home")
    expect(graph).to_have_attribute("aria-valuenow", "0")
    expect(graph).to_have_attribute("aria-valuemax", "8")
    assert "at=0" in page.url
    # The panels above grow while the analysis begins, so the click waits until the graph rests.
    graph.click(position={"x": graph.bounding_box()["width"] - 12, "y": 60})
    expect(graph).to_have_attribute("aria-valuenow", "8")
    expect(graph).to_have_attribute("aria-valuetext", re.compile(r"ply 8 of 8: after d, x \d+ %"))


def test_the_plot_shows_how_the_search_converges(analysed: Any, expect: Any) -> None:
    page = analysed
    page.select_option("#analysis .budget", "400")
    expect(page.locator("#analysis .status")).to_contain_text("done")
    expect(page.locator("#analysis .convergence .legend")).to_contain_text(re.compile(r"e \d+ %"))
    assert page.locator("#analysis .convergence .plot path").count() >= 1


def test_the_search_tree_opens_by_click_and_by_keyboard(analysed: Any, expect: Any) -> None:
    page = analysed
    page.click("#tree-card summary")
    page.click("#tree .refresh")
    items = page.locator("#tree [role=treeitem]")
    expect(items.first).to_contain_text("root")
    expect(items).to_have_count(8)  # the root and seven moves
    expect(items.nth(1)).to_have_attribute("aria-level", "2")
    expect(items.nth(1)).to_have_attribute("aria-expanded", "false")
    items.nth(1).click()
    expect(items.nth(1)).to_have_attribute("aria-expanded", "true")
    expect(items.nth(2)).to_have_attribute("aria-level", "3")
    assert re.search(r"visits.*win probability", items.nth(2).text_content())
    expect(page.locator("#board")).to_have_class(re.compile("previewing"))  # the line to the node in focus
    page.keyboard.press("ArrowDown")
    expect(items.nth(2)).to_be_focused()
    assert page.locator("#tree [role=treeitem][tabindex='0']").count() == 1
    page.keyboard.press("ArrowLeft")  # to the parent
    expect(items.nth(1)).to_be_focused()
    page.keyboard.press("ArrowLeft")  # and close it
    expect(items.nth(1)).to_have_attribute("aria-expanded", "false")
    expect(items).to_have_count(8)
    page.keyboard.press("End")
    expect(items.nth(7)).to_be_focused()
    page.keyboard.press("Home")
    expect(items.first).to_be_focused()


def test_the_panels_work_for_moving_pieces(page: Any, serve: Serve, expect: Any) -> None:
    """A game without a network is analysed by rollouts, and its moves are arrows."""
    open_page(page, serve() + "/#game=breakthrough:rows=5,columns=5&moves=&analysis=shown")
    page.wait_for_selector("#analysis tbody tr")
    expect(page.locator("#board .arrow").first).to_be_attached()
    page.select_option("#analysis .budget", "50")
    expect(page.locator("#analysis .status")).to_contain_text("done")
    page.locator("#analysis tbody tr button").first.hover()
    expect(page.locator("#board")).to_have_class(re.compile("previewing"))


def press_until(page: Any, key: str, true: Callable[[], bool]) -> None:
    for _ in range(60):
        if true():
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} did not lead there")
