"""README and docs are true: their games work, and every file, module, command and flag that they name exists."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from honte.__main__ import COMMANDS, main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SOURCES = [*PAGES, *(ROOT / name for name in ("pyproject.toml", "Makefile", "mkdocs.yml", ".ci/run"))]

FOLDERS = "games|agent|selfplay|training|honte|configs|tests|benchmarks|docs|examples|deploy|dev"
FILE = re.compile(rf"(?<![\w./~-])(?:{FOLDERS})/[\w./*{{}},-]*")
MODULE = re.compile(r"(?<![\w./-])(?:games|agent|selfplay|training|honte|benchmarks)(?:\.\w+)+")
NOT_FILES = re.compile(r"honte/\w+-v0|honte/configs")
"""Ids of Gymnasium environments, and where the recipes are in an installed wheel."""

FILES_OF_USERS = ("my_game.py", "last_stone.py", "FILE.py")

NOT_MODULES = ("games.jsonl", "games.sgf")
"""Files of a match."""


@pytest.fixture
def own_game(tmp_path: Path) -> str:
    text = (ROOT / "docs" / "your-own-game.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert code is not None
    lines = [line for line in code[1].splitlines() if line.strip()]
    assert len(lines) < 60
    path = tmp_path / "last_stone.py"
    path.write_text(code[1], encoding="utf-8")
    return f"{path}:game"


@pytest.mark.slow
def test_the_documented_game_keeps_the_laws_and_is_learned(
    own_game: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check-game", own_game]) == 0
    run = str(tmp_path / "run")
    flags = [
        "--max-samples",
        "3000",
        "--network.blocks",
        "1",
        "--network.channels",
        "16",
        "--self-play.num-games",
        "32",
    ]
    flags += ["--learn.first-samples", "500", "--learn.batch-size", "64", "--self-play.num-groups", "1"]
    assert main(["train", "--game", own_game, "--run", run, *flags]) == 0
    capsys.readouterr()
    assert main(["match", f"{run}?simulations=32", "random", "--game", own_game, "--games", "40", "--json"]) == 0
    import json

    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["wins"] >= 30


def test_the_game_in_the_readme_passes_check_game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (code,) = [block for block in blocks if "from_rules" in block]
    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    (tmp_path / "last_stone.py").write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["check-game", "last_stone.py:game", "--games", "8"]) == 0


def _exists(path: str) -> bool:
    """Whether ``path`` exists in the project; ``*`` and ``{a,b}`` stand for what they stand for in a shell."""
    choice = re.search(r"\{([^}]*)\}", path)
    if choice is not None:
        return all(_exists(path.replace(choice[0], each, 1)) for each in choice[1].split(","))
    return any(ROOT.glob(path.strip("/"))) if "*" in path else (ROOT / path).exists()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_every_file_that_is_named_exists(source: Path) -> None:
    named = {found.rstrip(".,-") for found in FILE.findall(source.read_text(encoding="utf-8"))}
    assert sorted(name for name in named if not NOT_FILES.match(name) and not _exists(name)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_python_file_that_is_named_by_the_end_of_its_path_exists(page: Path) -> None:
    named = set(re.findall(r"(?<![\w./-])(?:\w+/)*\w+\.py\b", page.read_text(encoding="utf-8"))) - set(FILES_OF_USERS)
    paths = [
        f"/{path.relative_to(ROOT).as_posix()}" for each in FOLDERS.split("|") for path in (ROOT / each).rglob("*.py")
    ]
    assert sorted(name for name in named if not any(path.endswith(f"/{name}") for path in paths)) == []


def _resolve(name: str) -> bool:
    """Whether ``name`` is a module or an attribute of one. Where another package is missing, the file is enough."""
    words = name.split(".")
    count = len(words)
    while (
        count
        and not (ROOT / "/".join(words[:count])).is_dir()
        and not (ROOT / f"{'/'.join(words[:count])}.py").is_file()
    ):
        count -= 1
    try:
        found: Any = importlib.import_module(".".join(words[:count]))
    except ModuleNotFoundError as error:
        return str(error.name).partition(".")[0] not in FOLDERS.split("|")
    for word in words[count:]:
        if not hasattr(found, word):
            return False
        found = getattr(found, word)
    return True


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_every_module_that_is_named_exists(source: Path) -> None:
    named = set(MODULE.findall(source.read_text(encoding="utf-8"))) - set(NOT_MODULES)
    assert sorted(name for name in named if not name.endswith((".py", ".md")) and not _resolve(name)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    here = [target.partition("#")[0] for target in targets if "://" not in target and not target.startswith("#")]
    assert [target for target in here if not (page.parent / target).exists()] == []


def _shown_commands() -> Iterator[tuple[str, str, list[str]]]:
    """Each ``honte COMMAND --flag ...`` of README and docs, in blocks and between backticks: page, command, flags."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        spans = [line for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
        spans += re.findall(r"`([^`\n]+)`", text)
        for span in spans:
            words = span.partition(" #")[0]
            for quoted in re.findall(r"\"[^\"]*\"", words):  # such as the command of an engine, with flags of its own
                words = words.replace(quoted, "TEXT")
            found = re.search(r"(?:^|[\s/|])honte ([a-z][a-z-]*)(?![\w:])(.*)", words)
            if found is not None:
                yield page.name, found[1], re.findall(r"(?<=\s)--[a-z][\w.-]*", found[2])


def _flags(command: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The flags that ``honte COMMAND --help`` lists, and ``--help-all`` where the help mentions it."""
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    if "--help-all" in text:
        assert main([command, "--help-all"]) == 0
        text += capsys.readouterr().out
    text = text.replace("--[no-]", "--")
    return {*re.findall(r"--[a-z][\w.-]*", text), "--help", "--unchecked"}


def test_every_command_and_flag_that_is_shown_exists(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = list(_shown_commands())
    assert len(shown) > 60
    assert {name for _, name, _ in shown} - {"COMMAND"} <= set(COMMANDS)
    known = {name: _flags(name, capsys) for name in sorted({name for _, name, flags in shown if flags})}
    assert [(page, name, flag) for page, name, flags in shown for flag in flags if flag not in known[name]] == []


def _pages_of(nav: list[Any]) -> Iterator[str]:
    for entry in nav:
        for value in entry.values():
            yield from [value] if isinstance(value, str) else _pages_of(value)


def test_the_website_has_every_page_in_reading_order_and_loads_nothing_from_elsewhere() -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    pages = list(_pages_of(config["nav"]))
    assert sorted(pages) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert re.findall(r"^\d+\. \[[^\]]*\]\(([^)]*)\)", index, re.MULTILINE) == pages[1:]
    assert config["theme"]["font"] is False
    assert not {"extra_javascript", "repo_url"} & set(config)
    assert all((ROOT / "docs" / name).is_file() for name in config["extra_css"])


def test_every_module_of_the_api_reference_exists() -> None:
    named = re.findall(r"^::: (\S+)$", (ROOT / "docs" / "api.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(named) > 5
    assert [name for name in named if importlib.util.find_spec(name) is None] == []
