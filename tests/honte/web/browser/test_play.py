"""What one can do on the page besides playing: variations, agents, the editor, links, files, a server that is gone."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from boards import cell, play_by_clicks, play_by_keys, short_game, wait_for_ply
from conftest import Server, open_page

pytestmark = pytest.mark.slow

Serve = Callable[..., str]
NewPage = Callable[..., Any]


def moves_shown(page: Any) -> list[str]:
    return [str(text) for text in page.locator(".move-list button span").all_inner_texts()]


def stones(page: Any) -> int:
    return int(page.locator("#board .layer-pieces > g").count())


def test_undo_takes_back_a_whole_turn(serve: Serve, page: Any) -> None:
    open_page(page, f"{serve()}/#game=amazons&moves=a2+a4+c4&players=person,person")
    wait_for_ply(page, 3)
    page.keyboard.press("u")
    wait_for_ply(page, 0)


def test_undo_makes_variations_that_can_be_cut(serve: Serve, page: Any) -> None:
    open_page(page, f"{serve()}/#game=tic_tac_toe&moves=b2+a1+c3&players=person,person")
    page.keyboard.press("u")
    page.keyboard.press("u")
    wait_for_ply(page, 1)
    assert stones(page) == 1
    page.keyboard.press("r")
    wait_for_ply(page, 2)
    page.keyboard.press("u")
    cell(page, 1).click()  # b3 in place of a1
    wait_for_ply(page, 2)
    assert page.locator(".move-list .variation button span").all_inner_texts() == ["b3"]
    page.get_by_role("button", name="Make main line").click()
    assert page.locator(".move-list .variation button span").all_inner_texts() == ["a1", "c3"]
    page.locator(".move-list button", has_text="c3").click()
    wait_for_ply(page, 3)
    page.locator(".move-list button", has_text="a1").click()
    wait_for_ply(page, 2)
    page.get_by_role("button", name="Delete from here").click()
    wait_for_ply(page, 1)
    assert moves_shown(page) == ["b2", "b3"]
    page.keyboard.press("Home")
    wait_for_ply(page, 0)
    page.keyboard.press("End")
    wait_for_ply(page, 2)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert moves_shown(page) == ["b2", "b3"]
    wait_for_ply(page, 2)


def test_an_illegal_click_says_why_and_legal_moves_can_be_seen(serve: Serve, page: Any) -> None:
    open_page(page, f"{serve()}/#game=othello:size=4&players=person,person")
    cell(page, 0).click()
    page.wait_for_selector("#says:not([hidden])")
    assert "turn over" in page.locator("#says").inner_text()
    assert page.locator("#board .target").count() == 0
    page.keyboard.press("l")
    assert page.locator("#board .target").count() == 4
    assert page.get_by_role("gridcell", name="can be chosen").count() == 4
    page.keyboard.press("l")
    assert page.locator("#board .target").count() == 0


def test_a_piece_can_be_dragged_and_let_go(serve: Serve, page: Any) -> None:
    open_page(page, f"{serve()}/#game=breakthrough:rows=5,columns=5&players=person,person")
    cell(page, 15).drag_to(cell(page, 10))  # a2 to a3
    wait_for_ply(page, 1)
    cell(page, 5).click()
    assert cell(page, 5).get_attribute("aria-selected") == "true"
    page.keyboard.press("Escape")
    assert cell(page, 5).get_attribute("aria-selected") == "false"
    assert moves_shown(page) == ["a2a"]


def test_an_agent_answers_and_sides_can_be_swapped(serve: Serve, page: Any) -> None:
    open_page(page, f"{serve()}/#game=tic_tac_toe&players=person,rollouts")
    cell(page, 4).click()
    wait_for_ply(page, 2)
    page.keyboard.press("u")
    wait_for_ply(page, 0)
    page.get_by_role("button", name="Swap sides").click()
    wait_for_ply(page, 1)
    assert "your move" in page.locator("#turn").inner_text()
    page.get_by_role("button", name="Resign").click()
    assert page.locator("#turn").get_attribute("data-over") == "true"
    assert "resigned" in page.locator("#turn").inner_text()
    page.get_by_role("button", name="Hint").is_disabled()


def test_two_agents_play_each_other(serve: Serve, page: Any) -> None:
    open_page(page, serve())
    page.keyboard.press("n")
    dialog = page.locator("#setup")
    dialog.get_by_role("radio", name="Gomoku").check(force=True)
    dialog.get_by_role("radio", name="Watch two agents").check()
    for select in dialog.locator(".agent-choice select").all():
        select.select_option("random")
    dialog.get_by_role("button", name="Start").click()
    wait_for_ply(page, 0)
    page.get_by_role("button", name="Step").click()
    wait_for_ply(page, 1)
    run = page.locator('[data-do="run"]')
    run.click()
    page.wait_for_function("() => +document.querySelector('#turn').dataset.ply >= 4")
    run.click()  # pause
    page.wait_for_selector('[data-do="run"]:text-is("Play")')
    count = len(moves_shown(page))
    page.get_by_role("button", name="Step").click()
    wait_for_ply(page, count + 1)
    page.keyboard.press("p")
    page.wait_for_function("(count) => +document.querySelector('#turn').dataset.ply > count + 1", arg=count)


def test_a_new_game_has_parameters_and_says_that_rollouts_play(serve: Serve, page: Any) -> None:
    open_page(page, serve())
    page.get_by_role("button", name="New game").click()
    dialog = page.locator("#setup")
    dialog.get_by_role("radio", name="Hex").check(force=True)
    dialog.locator('[name="parameter-size"]').fill("4")
    dialog.locator('[name="parameter-size"]').press("Tab")
    assert "rollouts" in dialog.locator(".about").inner_text()
    dialog.locator("input[name=side][value='1']").check()
    slider = dialog.locator(".agent-choice input[type=range]").first
    slider.focus()
    page.keyboard.press("Home")
    assert "1 simulation" in dialog.locator("output").first.inner_text()
    dialog.get_by_role("button", name="Start").click()
    wait_for_ply(page, 1)
    assert page.locator('#board [role="gridcell"]').count() == 16
    page.get_by_role("button", name="New game").click()
    dialog.locator('[name="parameter-size"]').fill("40")
    dialog.get_by_role("button", name="Start").click()
    assert page.locator("#setup[open]").count() == 1


def test_the_editor_says_what_the_game_says(serve: Serve, page: Any) -> None:
    open_page(page, f"{serve()}/#game=connect_four&players=person,person")
    page.locator("#editor-card summary").click()
    text = page.locator("#editor textarea")
    page.wait_for_selector('#editor[data-state="right"]')
    page.locator('#editor [role="gridcell"][data-cell="3"]').click()  # a stone in the air
    page.wait_for_selector('#editor[data-state="wrong"]')
    assert page.locator("#editor .problem").inner_text()
    assert page.locator('#editor [data-do="play"]').is_disabled()
    page.locator('#editor [role="gridcell"][data-cell="3"]').click()
    page.locator('#editor [role="gridcell"][data-cell="38"]').click()
    page.locator('#editor [data-do="turn"]').click()
    page.wait_for_selector('#editor[data-state="right"]')
    assert "o to play" in text.input_value()
    page.locator('#editor [data-do="play"]').click()
    page.wait_for_selector('#turn:has-text("o to play")')
    assert stones(page) == 1
    cell(page, 38).click()
    wait_for_ply(page, 1)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert stones(page) == 2


def test_a_link_shares_the_game_and_the_position(serve: Serve, page: Any, new_page: NewPage) -> None:
    open_page(page, f"{serve()}/#game=connect_four&players=person,person")
    for ply, number in enumerate((38, 31, 37), 1):
        cell(page, number).click()
        wait_for_ply(page, ply)
    page.keyboard.press("ArrowLeft")
    wait_for_ply(page, 2)
    page.locator("#files-card summary").click()
    link = page.locator("#files .link").input_value()
    other = new_page()
    open_page(other, link)
    wait_for_ply(other, 2)
    assert moves_shown(other) == moves_shown(page) == ["d", "d", "c"]
    open_page(other, f"{serve()}/#game=tic_tac_toe&moves=b2+b2")
    assert "occupied" in other.locator("#says").inner_text()


@pytest.mark.parametrize("form", ["json", "sgf"])
def test_games_are_saved_and_loaded(serve: Serve, page: Any, tmp_path: Path, form: str) -> None:
    open_page(page, f"{serve()}/#game=gomoku:size=6,k=4&moves=c3+d3+c4&players=person,person")
    page.locator("#files-card summary").click()
    with page.expect_download() as download:
        page.locator(f'#files [data-do="{form}"]').click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.suffix == f".{form}"
    if form == "json":
        json.loads(path.read_text())
    page.locator("#files textarea").fill("a1 a2")
    page.locator('#files [data-do="append"]').click()
    wait_for_ply(page, 5)
    page.locator("#files input[type=file]").set_input_files(path)
    page.wait_for_selector("#files .fine:has-text('loaded')")
    assert moves_shown(page) == ["c3", "d3", "c4"]
    page.locator("#files textarea").fill("what is this")
    page.locator('#files [data-do="load"]').click()
    page.wait_for_selector("#files .problem:not([hidden])")


def test_the_server_is_killed_under_the_page(page: Any) -> None:
    server = Server()
    try:
        open_page(page, f"{server.url}/#game=tic_tac_toe&players=person,person")
        page.recorder.is_lenient = True  # the browser itself writes that the server does not answer
        cell(page, 4).click()
        wait_for_ply(page, 1)
        server.stop()
        cell(page, 0).click()
        page.wait_for_selector('#connection[data-state="gone"]')
        assert "safe in this browser" in page.locator("#connection").inner_text()
        server = Server(port=server.port)
        page.wait_for_selector('#connection[data-state="back"]')
        page.get_by_role("button", name="Go on with this game").click()
        page.wait_for_selector("#connection", state="hidden")
        cell(page, 0).click()
        wait_for_ply(page, 2)
        assert moves_shown(page) == ["b2", "a3"]
    finally:
        server.stop()


OWN_GAME = """
import numpy as np

from games import ONGOING, from_rules


def init(s):
    s["stones"] = 7


def legal_actions(s, legal):
    for a in range(3):
        legal[a] = a < s["stones"]


def step(s, a):
    s["stones"] -= a + 1
    s["to_play"] = 1 - s["to_play"]


def outcome(s):
    return -1 if s["stones"] == 0 else ONGOING


def observe(s, planes):
    planes[0, 0, : s["stones"]] = 1


def draw(s):
    return (np.arange(7) < s["stones"]).reshape(1, 7).astype(np.int8)


game = from_rules(
    name="last_stone",
    state=np.dtype([("stones", np.int16), ("to_play", np.int8)]),
    num_actions=3,
    observation_shape=(1, 1, 7),
    max_plies=7,
    init=init,
    legal_actions=legal_actions,
    step=step,
    outcome=outcome,
    observe=observe,
    draw=draw,
    write_action=lambda a: str(a + 1),
)
"""


@pytest.mark.parametrize("by_keys", [False, True])
def test_a_game_of_one_s_own(serve: Serve, page: Any, tmp_path_factory: pytest.TempPathFactory, by_keys: bool) -> None:
    """Its moves have no cells of their own: they are played by the cell that changes, or by buttons."""
    path = tmp_path_factory.getbasetemp() / "last_stone.py"
    path.write_text(OWN_GAME)
    game = short_game(f"{path}:game")
    open_page(page, serve("--game", f"{path}:game"))
    assert page.locator("#title").inner_text() == "Last stone"
    page.goto(page.url.partition("#")[0] + "#game=file:last_stone&players=person,person")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    (play_by_keys if by_keys else play_by_clicks)(page, game)
    assert (page.locator("#turn").get_attribute("data-result") or "").startswith(game.result)


@pytest.mark.parametrize(
    "options", [{"viewport": {"width": 320, "height": 640}, "has_touch": True}, {"color_scheme": "dark"}]
)
@pytest.mark.parametrize("name", ["connect_four", "go", "animal_shogi", "hex", "dots_and_boxes"])
def test_small_and_dark_pages(serve: Serve, new_page: NewPage, name: str, options: dict[str, Any]) -> None:
    page = new_page(**options)
    open_page(page, f"{serve()}/#game={name}&players=person,person&analysis=hidden")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    first = page.evaluate("document.querySelector('#board .layer-under').innerHTML")
    page.emulate_media(color_scheme="light" if "color_scheme" in options else "dark")
    page.wait_for_function("(first) => document.querySelector('#board .layer-under').innerHTML !== first", arg=first)
    page.get_by_role("button", name="Legal moves").click()
    assert page.locator("#board .target, #board .target-ring").count() > 1
    for summary in page.locator(".more > details > summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_reduced_motion_is_respected(serve: Serve, new_page: NewPage) -> None:
    watch = """() => new MutationObserver(() => {
        const moving = document.querySelector('#board svg').getAnimations({ subtree: true }).length;
        document.body.dataset.moving = moving;
    }).observe(document.querySelector('#board .layer-pieces'), { childList: true })"""
    for motion, expected in (("reduce", 0), ("no-preference", 1)):
        page = new_page(reduced_motion=motion)
        open_page(page, f"{serve()}/#game=connect_four&players=person,person")
        page.evaluate(watch)
        cell(page, 38).click()
        wait_for_ply(page, 1)
        page.wait_for_selector("body[data-moving]")
        assert page.get_attribute("body", "data-moving") == str(expected)
