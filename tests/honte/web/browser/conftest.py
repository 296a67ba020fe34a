"""A real server as a process, and pages of a real browser that record what goes wrong on them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
START_SECONDS = 120
WAIT_MS = 30_000
"""The first position of a game may compile its rules."""

Serve = Callable[..., str]


class Server:
    """``honte web`` as a process of its own."""

    def __init__(self, *arguments: str, port: int = 0, folder: Path | None = None) -> None:
        command = [sys.executable, "-m", "honte", "web", "--no-browser", "--port", str(port), *arguments]
        env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[4])}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=env)
        assert self.process.stdout
        line = self.process.stdout.readline()
        found = re.search(r"http://[^ /]+/", line)
        assert found, f"the server says {line!r}"
        self.url = found[0].rstrip("/")
        self.port = int(self.url.rpartition(":")[2])

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """``serve(*arguments)`` starts a server and returns its address; one server for each list of arguments."""
    servers: dict[tuple[str, ...], Server] = {}
    folder = tmp_path_factory.mktemp("server")

    def start(*arguments: object) -> str:
        key = tuple(map(str, arguments))
        if key not in servers or servers[key].process.poll() is not None:
            servers[key] = Server(*key, folder=folder)
        return servers[key].url

    yield start
    for server in servers.values():
        server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if BROWSER is None:
        pytest.skip("needs chromium")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def expect(browser: Any) -> Any:
    """Playwright's ``expect``, which waits: a first search may compile the rules of its game."""
    from playwright.sync_api import expect

    expect.set_options(timeout=30_000)
    return expect


class Recorder:
    """What a page complained about, and the hosts that it asked."""

    def __init__(self, page: Any) -> None:
        self.problems: list[str] = []
        self.hosts: set[str] = set()
        self.is_lenient = False
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or ""))

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.text} ({message.location.get('url', '')})")

    def check(self) -> None:
        """Nothing was written to the console, and no other host was asked.

        A browser itself writes a line for each answer that is not 2xx, such as the sentence about an illegal move, and
        for a server that is gone; ``expect`` names what a test causes on purpose.
        """
        refused = "Failed to load resource: the server responded with a status of 422"
        wrong = [text for text in self.problems if not text.startswith(refused)]
        assert self.is_lenient or not wrong, wrong
        assert self.hosts <= {"127.0.0.1", "localhost", ""}, self.hosts


@pytest.fixture
def new_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """``new_page(**options of a context)`` opens a page; ``page.recorder`` has its complaints, checked at the end."""
    contexts: list[tuple[Any, Recorder]] = []

    def make(**options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        page.recorder = Recorder(page)
        contexts.append((context, page.recorder))
        return page

    yield make
    for context, recorder in contexts:
        context.close()
        recorder.check()


@pytest.fixture
def page(new_page: Callable[..., Any]) -> Any:
    """One page, 1280 × 900."""
    return new_page()


def open_page(page: Any, url: str) -> None:
    """Go to an address and wait until the page is ready."""
    page.goto("about:blank")
    page.goto(url)
    page.wait_for_selector("body[data-ready]", timeout=3 * WAIT_MS)


def wait_until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for something outside of the browser."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)
