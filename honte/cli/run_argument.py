"""The argument RUN of a command that needs the folder of a run.

Knows what people may write there by mistake. Does not know what the command does with a run.
"""

from __future__ import annotations

from pathlib import Path


def ensure_run(text: str) -> None:
    """ValueError that says what ``text`` is, if it is not the folder of a run."""
    from agent.name_suggestions import nearest_player
    from agent.player_identity import NON_NETWORKS, kind_of
    from games.registry import is_game
    from training.run.run_folder import is_run

    folder, needs = Path(text), "rate needs the folder of a run, such as runs/connect_four"
    if folder.is_dir() and is_run(folder):
        return
    if folder.is_dir():
        raise ValueError(f"{needs}; {text!r} is a folder without a run")
    if kind_of(text) in NON_NETWORKS:
        raise ValueError(f"{needs}; {text!r} is a player that does not learn, and honte match lets players play")
    run, at, _ = text.rpartition("@")
    if at and is_run(Path(run)):
        raise ValueError(f"{needs}; {text!r} is one checkpoint: write {run}, perhaps with --every")
    if is_game(text):
        raise ValueError(f"{needs}; {text!r} is a game, and honte train --game {text} learns it")
    near = nearest_player(text)
    raise ValueError(f"{needs}; there is no folder {text!r}" + (f", did you mean {near}?" if near else ""))
