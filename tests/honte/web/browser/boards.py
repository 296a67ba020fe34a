"""Playing on the board of a page, by clicks and by keys."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import games
from games.playouts import random_game
from honte.drawing.action_cells import action_steps


class Game(NamedTuple):
    """A whole game: of each move its text and the cells that one clicks for it."""

    moves: list[str]
    steps: list[list[int]]
    result: str


def short_game(name: str, tries: int = 60) -> Game:
    """The shortest of some random games."""
    game, draw = games.make(name), np.random.default_rng(1)
    actions = min((random_game(game, draw) for _ in range(tries)), key=len)
    states, moves, steps = game.new(1), [], []
    game.init(states)
    for action in actions:
        to_play = int(game.describe_new(states).to_play[0])
        moves.append(game.action_text(int(action), to_play))
        steps += action_steps(game, states, [int(action)])
        game.step(states, np.array([action]))
    return Game(moves, steps, game.status_text(states[0]))


def cell(page: Any, number: int) -> Any:
    return page.locator(f'#board [role="gridcell"][data-cell="{number}"]')


def wait_for_ply(page: Any, ply: int) -> None:
    page.wait_for_selector(f'#turn[data-ply="{ply}"]', state="attached")


def finish_move(page: Any, move: str, ply: int, steps: list[int]) -> None:
    """Press the button of a move without cells; answer the question which of several moves it is."""
    if not steps:
        page.locator(f'.moves-off [data-move="{move}"]').click()
    page.wait_for_selector(f'#turn[data-ply="{ply}"], dialog.choose-move', state="attached")
    if page.locator("dialog.choose-move").count():
        page.locator("dialog.choose-move").get_by_role("button", name=move, exact=True).click()
    wait_for_ply(page, ply)


def play_by_clicks(page: Any, game: Game) -> None:
    for ply, (move, steps) in enumerate(zip(game.moves, game.steps, strict=True), 1):
        for step in steps:
            cell(page, step).click()
        finish_move(page, move, ply, steps)


def go_to_cell(page: Any, number: int) -> None:
    """Move the cursor with the arrow keys alone: up and down first, then to the side."""
    where = (
        "(n) => { const box = (e) => e.getBoundingClientRect(), mid = (b) => [b.x + b.width / 2, b.y + b.height / 2];"
        " const at = mid(box(document.activeElement)),"
        " to = mid(box(document.querySelector(`#board [role=gridcell][data-cell='${n}']`)));"
        " return [to[0] - at[0], to[1] - at[1], +document.activeElement.dataset.cell] }"
    )
    for _ in range(80):
        dx, dy, at = page.evaluate(where, number)
        if at == number:
            return
        page.keyboard.press(
            ("ArrowDown" if dy > 0 else "ArrowUp") if abs(dy) > 3 else "ArrowRight" if dx > 0 else "ArrowLeft"
        )
    raise AssertionError(f"the arrow keys do not reach cell {number}")


def play_by_keys(page: Any, game: Game) -> None:
    page.keyboard.press("b")
    for ply, (move, steps) in enumerate(zip(game.moves, game.steps, strict=True), 1):
        for step in steps:
            go_to_cell(page, step)
            page.keyboard.press("Enter")
        if not steps or page.locator("dialog.choose-move").count():
            finish_move(page, move, ply, steps)
            page.keyboard.press("b")
        wait_for_ply(page, ply)
