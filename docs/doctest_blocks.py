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

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        fence_examples(pkg)


def fence_examples(member: griffe.Object) -> None:
    """Do it in the docstring of ``member`` and in those of all its own members."""
    if member.docstring is not None:
        member.docstring.value = EXAMPLE.sub(lambda found: f"```python\n{found[0]}\n```", member.docstring.value)
    for each in member.members.values():
        if not isinstance(each, griffe.Alias):  # an alias is a member of another module
            fence_examples(each)
