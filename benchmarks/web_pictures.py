"""Make the pictures of the web page: ``python -m benchmarks.web_pictures [--only NAME]``.

A real server and a real browser show every game; one sheet for each theme and one for a telephone go to docs/web/, with
one picture of a whole page. Needs playwright and chromium.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.script import run_script

OUT = Path(__file__).parent.parent / "docs" / "web"
LINES = {
    "connect_four": "d d d c c e e d c b b e",
    "go": "E5 C3 G3 C6 G7 C7 D6 D7 E7 E8 F8 D5 E4 D4 E3 D3 F7 D8",
    "othello": "c4 c5 c6 b5 e6 d7 a6 c3 c8 f4 g3 f7 b4 f5 c2 h2",
    "hex": "f6 e7 g5 d8 h4 c9 e6 d7 g7 g6 f8 e9 h6",
    "gardner_chess": "e2e3 a4a3 e3d4 e5d4 d1e2 b5c3 b2b3 c3e2",
    "animal_shogi": "b2b3 b4a3 C*b4 a3b3 a1b2 C*c2 b2a1",
    "amazons": "e1 b4 c4 e6 e2 b2 a2 b3 f3 e2 d2 c2 b1 c1 f1 d2 f4",
    "breakthrough": "b2c a7b h2h b6b c3d d7c a1b c6d b2a g7f a3a d5c",
    "dots_and_boxes": "d7 b9 d9 f9 b7 c8 f7 i6 h5 d1 g8 h9 f3 b1 d5 a6 a8 c4 e8 h7 i4 b5 i2",
    "gomoku": "h8 h9 g9 i7 j6 g8 i9 i8 g10 f9 h11 f11 i10",
    "ataxx": "a5c3 a1b3 d2 b3d3 e1e3 c3c5 e3c3 d4 d2b1 b4 c2 c5a5",
    "clobber": "d3c3 d2d1 a6b6 b2b1 a4b4 e5d5 b3a3 c5c6",
    "nim": "d3 c1",
    "tic_tac_toe": "b2 a3 c1",
    "go:size=5": "C1 D1 C2 D2 C3 D3 C4 D4 C5 D5 pass pass",
    "hex:size=5,swap=true": "c3 b4 d2 c4 b3 d3 e2",
}
"""A position of each game: the moves that lead to it."""

SHEETS: dict[str, tuple[dict[str, Any], int, int]] = {
    "light": ({"viewport": {"width": 720, "height": 860}, "color_scheme": "light"}, 4, 420),
    "dark": ({"viewport": {"width": 720, "height": 860}, "color_scheme": "dark"}, 4, 420),
    "telephone": ({"viewport": {"width": 320, "height": 620}, "color_scheme": "light"}, 8, 240),
}
"""Of each sheet: the options of the browser, the number of columns, and the width of a picture in pixels."""

PAGE = "#game=connect_four&moves=d+d+d+c+c+e+e+d&analysis=shown&players=person,person"


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[*SHEETS, "page"], help="make this picture alone")
    only = parser.parse_args().only
    OUT.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "honte", "web", "--no-browser", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert server.stdout
    found = re.search(r"http://[^ /]+", server.stdout.readline())
    assert found
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for name, (options, columns, width) in SHEETS.items():
                if only in (None, name):
                    pictures = [picture(browser, options, found[0], address(game)) for game in LINES]
                    save(sheet(pictures, columns, width), name)
            for scheme in ("light", "dark") if only in (None, "page") else ():
                options = {"viewport": {"width": 1360, "height": 900}, "color_scheme": scheme}
                save(picture(browser, options, found[0], PAGE, simulations=400), f"page-{scheme}")
            browser.close()
    finally:
        server.terminate()
        server.wait()


def address(game: str) -> str:
    return f"#game={game}&moves={LINES[game].replace(' ', '+')}&players=person,person&analysis=hidden"


def picture(browser: Any, options: dict[str, Any], url: str, fragment: str, *, simulations: int = 0) -> Image.Image:
    """The page at ``fragment``, when its analysis has so many simulations."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(f"{url}/{fragment}")
    page.wait_for_selector("body[data-ready]", timeout=180_000)
    if simulations:
        page.wait_for_function(
            "(least) => +document.querySelector('#analysis').dataset.visits >= least", arg=simulations, timeout=180_000
        )
    page.wait_for_timeout(900)  # the last move has fallen
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    context.close()
    return shot


def sheet(pictures: list[Image.Image], columns: int, width: int) -> Image.Image:
    """The pictures in rows."""
    height = round(width * pictures[0].height / pictures[0].width)
    rows, gap = -(-len(pictures) // columns), 6
    whole = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + gap) + gap), "#8a877f")
    for number, each in enumerate(pictures):
        place = gap + (number % columns) * (width + gap), gap + (number // columns) * (height + gap)
        whole.paste(each.resize((width, height), Image.Resampling.LANCZOS), place)
    return whole


def save(image: Image.Image, name: str) -> None:
    path = OUT / f"{name}.webp"
    image.save(path, quality=82, method=6)
    print(f"{path}: {path.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    run_script(main)
