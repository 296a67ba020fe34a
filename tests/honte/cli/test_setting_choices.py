"""``honte train`` and ``honte describe`` show the settings that were chosen for a game."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from games import make
from honte.cli.commands import train
from honte.cli.commands.tools import describe
from honte.cli.setting_choices import format_choices, used_choices
from honte.recipes import recipe
from training.config import merge_values, parse_config
from training.game_defaults import choose_settings
from training.run.run_folder import write_config, write_status

GAME = "connect_four:rows=4,columns=4,k=3"


def test_a_setting_that_a_flag_changed_is_not_shown() -> None:
    choices = choose_settings(make(GAME))
    values = recipe("", GAME)
    assert used_choices(choices, parse_config(values)) == choices
    changed = merge_values(values, {"learn": {"trainer": {"learning_rate": {"value": 0.1}}}, "max_minutes": 1.0})
    text = format_choices(used_choices(choices, parse_config(changed)))
    assert "learning_rate" not in text
    assert "max_minutes" not in text
    assert "learn.batch_size 256" in text


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = format_choices(choose_settings(make("gomoku"))).splitlines()
    assert max(map(len, lines)) < min(columns, 120)
    assert all(line.startswith("  ") for line in lines)


def test_describe_shows_the_choices(capsys: pytest.CaptureFixture[str]) -> None:
    assert describe.main([GAME]) == 0
    assert f"honte train --game {GAME} uses these settings:" in capsys.readouterr().out
    assert describe.main([GAME, "--json"]) == 0
    choices = json.loads(capsys.readouterr().out.splitlines()[-1])["training_settings"]
    assert {"settings": {"network.blocks": 3, "network.channels": 32}, "reason": "the board has 16 cells"} in choices


def test_a_run_keeps_the_settings_that_were_chosen_when_it_began(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another version of honte may choose others. A game that is not the run's is still refused."""
    older = merge_values(recipe("", GAME), {"learn": {"batch_size": 64}, "game_sha256": ""})
    write_config(tmp_path, older)
    write_status(tmp_path, "running", step=0, samples=0, game=GAME)
    assert train.main(["--game", GAME, "--run", str(tmp_path), "--print-config"]) == 0
    assert "batch_size: 64" in capsys.readouterr().out
    assert train.main(["--game", GAME, "--run", str(tmp_path), "--print-config", "--fresh"]) == 0
    assert "batch_size: 256" in capsys.readouterr().out
    with pytest.raises(ValueError, match="game was"):
        train.main(["--game", "nim", "--run", str(tmp_path)])


def test_a_run_of_a_paper_keeps_its_scale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["papers/alphazero", "--game", GAME, "--run", str(tmp_path), "--print-config"]
    write_config(tmp_path, recipe("papers/alphazero", GAME, scale=1e-6))
    write_status(tmp_path, "running", step=0, samples=0, game=GAME)
    assert train.main(words) == 0
    assert "max_samples: 5700\n" in capsys.readouterr().out
    assert train.main([*words, "--scale", "1e-5"]) == 0
    assert "max_samples: 57000\n" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"network\.blocks was 2"):
        train.main([*words[:-1], "--scale", "1e-5"])
