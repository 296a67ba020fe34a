"""Makes room for a folder of the same name: what is there gets another name."""

from __future__ import annotations

import os
from pathlib import Path

from agent.storage import durable_files


def set_aside(folder: Path) -> Path:
    """Rename ``folder`` to NAME.1, NAME.2, ...; return the new path. ValueError if a process is working in it."""
    owner = durable_files.lock_holder(folder)
    if owner is not None:
        raise ValueError(f"{folder} is in use by {owner}: stop it before --fresh")
    number = 1
    while (to := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    os.rename(folder, to)
    return to
