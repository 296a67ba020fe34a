"""The analysis panels for everybody: axe-core finds nothing serious, they fit a phone, and the keyboard reaches all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from honte.__main__ import main
from tests.honte.web.browser.conftest import Serve, open_page

pytestmark = pytest.mark.slow

AXE = Path(__file__).parents[3] / "interop" / "node_modules" / "axe-core" / "axe.min.js"
TINY = [
    *("--network.blocks", "1", "--network.channels", "8", "--self-play.num-games", "16"),
    *("--self-play.num-groups", "1", "--self-play.search.num-simulations", "8", "--learn.batch-size", "32"),
    *("--learn.first-samples", "200", "--learn.reuse", "1", "--engine.kind", "torch", "--engine.precision", "fp32"),
]
GAME = "#game=connect_four&moves=b+b+f+d+e+g+e+d+a+c&analysis=shown"


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run of tic-tac-toe that has ended."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    limits = ["--max-samples", "600", "--max-minutes", "60", "--grade-minutes", "30", "--rating.every-minutes", "0"]
    assert main(["train", "tic_tac_toe", "--run", str(folder), *TINY, *limits]) == 0
    return folder


def findings(page: Any) -> list[str]:
    """What axe-core calls serious or critical, with the elements."""
    if not AXE.is_file():
        pytest.skip("needs axe-core: npm install in tests/interop")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert result["passes"], "axe looked at nothing"
    return [
        f"{each['id']}: {node['html'][:150]}"
        for each in result["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def open_everything(page: Any, expect: Any) -> None:
    """Fill every panel: a finished analysis, an open search tree, a review."""
    page.select_option("#analysis .budget", "100")
    expect(page.locator("#analysis .status")).to_contain_text("done")
    page.click("#tree-card summary")
    page.click("#tree .refresh")
    page.locator("#tree [role=treeitem]").nth(1).click()
    page.click("#review-card summary")
    page.select_option("#review .strength", "50")
    page.click("#review .go")
    expect(page.locator("#review .status")).to_contain_text("10 moves are reviewed")
    page.click("#watch-card summary")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    new_page: Callable[..., Any], serve: Serve, expect: Any, finished_run: Path, scheme: str
) -> None:
    page = new_page(color_scheme=scheme, bypass_csp=True)  # axe is not a file of the page
    open_page(page, serve("--run", finished_run) + "/" + GAME)
    open_everything(page, expect)
    page.wait_for_selector("#watch .figure[data-points]")
    assert findings(page) == []
    page.click("#review [data-do=retry]")  # hides the analysis
    assert findings(page) == []


def test_every_panel_fits_a_phone(new_page: Callable[..., Any], serve: Serve, expect: Any, finished_run: Path) -> None:
    page = new_page(viewport={"width": 320, "height": 700}, has_touch=True)
    open_page(page, serve("--run", finished_run) + "/" + GAME)
    open_everything(page, expect)
    page.wait_for_selector("#watch .figure[data-points]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    wide = page.evaluate(
        """[...document.querySelectorAll('#analysis *, #graph *, #review *, #tree *, #watch *')]
        .filter(e => !e.closest('.scroll, svg, .visually-hidden') && e.getBoundingClientRect().right > 321)
        .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert wide == []


def test_the_keyboard_alone_reaches_and_works_everything(page: Any, serve: Serve, expect: Any) -> None:
    open_page(page, serve() + "/" + GAME)
    page.select_option("#analysis .budget", "100")
    expect(page.locator("#analysis .status")).to_contain_text("done")
    reached = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                """(() => { const e = document.activeElement, s = e.closest('section[id], .top, .play');
                return `${s ? s.id : ''} ${e.className} ${e.dataset.heat || ''}`.trim(); })()"""
            )
        )
    for wanted in ("analysis go", "analysis budget", "analysis  prior", "analysis candidate", "graph graph"):
        assert any(name.startswith(wanted) for name in reached), (wanted, sorted(reached))
    page.focus("#review-card summary")
    page.keyboard.press("Enter")
    page.focus("#review .go")
    page.keyboard.press("Enter")
    expect(page.locator("#review .status")).to_contain_text("10 moves are reviewed")
    page.focus("#review [data-do=retry]")
    page.keyboard.press("Enter")
    expect(page.locator("#review .retry h3")).to_be_focused()
    page.focus("#board [role=gridcell][tabindex='0']")
    for _ in range(3):
        page.keyboard.press("ArrowRight")  # from a to d, the best move of the first position
    page.keyboard.press("Enter")
    expect(page.locator("#review .retry")).to_have_attribute("data-state", "right")


def test_less_motion_is_respected(new_page: Callable[..., Any], serve: Serve, expect: Any) -> None:
    page = new_page(reduced_motion="reduce")
    open_page(page, serve() + "/" + GAME)
    expect(page.locator("#analysis tbody tr").first).to_be_visible()
    moving = page.evaluate(
        """[...document.querySelectorAll('section *')].filter(e => {
        const s = getComputedStyle(e);
        return parseFloat(s.transitionDuration) > 0 || s.animationName !== 'none'; }).length"""
    )
    assert moving == 0
