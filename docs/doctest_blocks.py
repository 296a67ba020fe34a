"""Show the examples in docstrings as code: Markdown would read a line that begins with ``>>>`` as a quotation.

mkdocstrings loads this extension when it builds the API reference.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"^>>> .*(?:\n(?!\s*$).*)*", re.MULTILINE)
"""From a line that begins with ``>>>`` to the next empty line."""


class DoctestBlocks(griffe.Extension):
    """Put a fence around every example."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = EXAMPLE.sub(lambda found: f"```python\n{found[0]}\n```", obj.docstring.value)
