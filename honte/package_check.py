"""Check that ``games``, ``agent``, ``selfplay`` and ``training`` are honte's own packages.

A folder of the user's with one of these plain names would be imported instead. Imports none of the packages.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

NAMES = ("games", "agent", "selfplay", "training")


@cache
def check_packages() -> None:
    """ValueError with the path when another folder or file hides one of honte's packages."""
    home = Path(__file__).resolve().parent.parent
    for name in NAMES:
        spec = importlib.util.find_spec(name)
        if spec is None:
            raise ValueError(f"honte's package {name!r} is missing beside {Path(__file__).parent}; install honte again")
        places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or [])
        for place in places:
            if Path(place).resolve() not in (home / name / "__init__.py", home / name):
                raise ValueError(f"{place} hides honte's own package {name!r}; rename it, or run from another folder")
