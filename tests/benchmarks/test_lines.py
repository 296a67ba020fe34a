"""Code that is there only for pictures stays little, and is counted as it is said to be."""

from __future__ import annotations

from benchmarks.lines import COUNTED, PARTS, ROOT, code_lines, counts

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
    shared = {"honte/cli/commands/describe.py", "honte/cli/commands/report.py", "honte/report/run.py"}
    words = ("training.images", "agent.networks.image_classifier")
    for folder in ("agent", "training", "honte"):
        for path in (ROOT / folder).rglob("*.py"):
            if any(f"from {word}" in path.read_text(encoding="utf-8") for word in words):
                assert path.relative_to(ROOT).as_posix() in listed | shared
