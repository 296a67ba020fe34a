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

OUT = Path(__file__).parent.parent / "docs" / "web"
LINES: dict[str, str] = {}
"""A position of each game: the moves that lead to it."""

SHEETS: dict[str, tuple[dict[str, Any], int, int]] = {
    "light": ({"viewport": {"width": 720, "height": 860}, "color_scheme": "light"}, 4, 420),
    "dark": ({"viewport": {"width": 720, "height": 860}, "color_scheme": "dark"}, 4, 420),
    "telephone": ({"viewport": {"width": 320, "height": 620}, "color_scheme": "light"}, 7, 260),
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
    main()
