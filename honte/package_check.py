"""Whether ``games``, ``agent``, ``selfplay`` and ``training`` are honte's own: names so plain can be shadowed.

Knows where packages come from. Imports none of them.
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
