"""How much code there is only for pictures, by what it is for: lines that are not blank, comments or docstrings.

What games use as well (Trainer, trunk, checkpoints, metrics, run folder, transfer, symmetries, pages) is not counted.

    python -m benchmarks.lines [--json] [--out FILE.json]
"""

from __future__ import annotations

import argparse
import ast
import io
import tokenize
from pathlib import Path
from typing import Any

from benchmarks.machine import report

ROOT = Path(__file__).parent.parent

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
    "ladder of networks": ("agent/networks/image_classifier.py",),
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
    told = {line for node in strings if isinstance(node.value.value, str) for line in _lines(node)}
    code = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in SILENT
        for line in range(token.start[0], token.end[0] + 1)
    }
    if only:
        code &= {line for node in tree.body if getattr(node, "name", "") in only for line in _lines(node)}
    return len(code - told)


def _lines(node: Any) -> range:
    return range(node.lineno, node.end_lineno + 1)


def counts() -> dict[str, int]:
    """Lines of code by what they are for."""
    return {
        part: sum(code_lines((ROOT / file).read_text(encoding="utf-8"), ONLY.get(file, ())) for file in files)
        for part, files in PARTS.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Lines of code that exist only for pictures.")
    parser.add_argument("--out")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = counts()
    rows = [{"part": part, "lines": lines} for part, lines in found.items()]
    rows.append({"part": f"all of {', '.join(COUNTED)}", "lines": sum(found[part] for part in COUNTED)})
    report("lines", {}, rows, out=args.out, as_json=args.json)


if __name__ == "__main__":
    main()
