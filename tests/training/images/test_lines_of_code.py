"""Code that exists only for images stays small: lines that are not blank, comments or docstrings.

Code that games use as well (Trainer, trunk, checkpoints, metrics, run folder, transfer, symmetries) does not count.
"""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]

PARTS = {
    "readers": ("training/images/picture_files.py", "training/images/formats.py", "training/images/datasets.py"),
    "augmentation": ("training/images/augmentation.py",),
    "losses and attacks": ("training/losses.py", "training/images/adversarial.py"),
    "run": ("training/images/training.py", "training/images/prediction.py"),
    "commands": (
        *(f"honte/cli/commands/{name}.py" for name in ("classify", "predict")),
        *(f"honte/demos/{name}.py" for name in ("attack", "locality", "logic_gates")),
        "honte/recipes.py",
    ),
    "networks": ("agent/networks/image_classifier.py",),
    "report": ("honte/report/classifier.py", "honte/report/classifier_inside.py"),
}
"""Files, and what they are for."""

ONLY = {"training/losses.py": ("classification_loss", "neuron_loss"), "honte/recipes.py": ("pictures",)}
"""Of a file that games use as well: the functions that they do not."""

COUNTED = ("readers", "augmentation", "losses and attacks", "run", "commands")
"""What is to stay below 1,200 lines."""

SILENT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def code_lines(text: str, only: tuple[str, ...] = ()) -> int:
    """Lines of Python ``text`` that hold code; ``only``: of the functions of these names."""
    tree = ast.parse(text)
    strings = (n for n in ast.walk(tree) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))
    texts = {line for node in strings if isinstance(node.value.value, str) for line in _lines(node)}
    code = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in SILENT
        for line in range(token.start[0], token.end[0] + 1)
    }
    if only:
        code &= {line for node in tree.body if getattr(node, "name", "") in only for line in _lines(node)}
    return len(code - texts)


def _lines(node: Any) -> range:
    return range(node.lineno, node.end_lineno + 1)


def counts() -> dict[str, int]:
    """Lines of code by what they are for."""
    return {
        part: sum(code_lines((ROOT / file).read_text(encoding="utf-8"), ONLY.get(file, ())) for file in files)
        for part, files in PARTS.items()
    }


SAMPLE = '''"""What this is:
two lines of it."""

import os  # a comment


def first(a: int) -> int:
    """Says what it is."""
    # and why
    return (
        a + 1
    )


def second() -> str:
    return """told
and told"""
'''


def test_comments_blanks_and_docstrings_are_no_code() -> None:
    assert code_lines(SAMPLE) == 1 + 4 + 3
    assert code_lines(SAMPLE, ("second",)) == 3
    assert code_lines("") == 0


def test_pictures_are_a_small_part() -> None:
    found = counts()
    assert sum(found[part] for part in COUNTED) < 1200
    assert all(found.values())


def test_no_file_of_pictures_is_forgotten() -> None:
    """Whoever reads pictures or their runs is listed, or serves games as well."""
    listed = {file for files in PARTS.values() for file in files}
    shared = {
        "honte/cli/commands/tools/describe.py",
        "honte/cli/commands/report.py",
        "honte/export/onnx_file.py",
        "honte/report/run.py",
    }
    words = ("training.images", "agent.networks.image_classifier")
    for folder in ("agent", "training", "honte"):
        for path in (ROOT / folder).rglob("*.py"):
            if any(f"from {word}" in path.read_text(encoding="utf-8") for word in words):
                assert path.relative_to(ROOT).as_posix() in listed | shared
