"""Settings in YAML files: what is wrong is said in one sentence that names the file, what is written is read again."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from training import yaml_files

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 10)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"seed: 1\nlearn: {reuse: 2}\nseed: 2\n", "run.yaml: the setting 'seed' is given twice, in lines 1 and 3;"),
        (b"learn:\n  reuse: 2\n  reuse: 2\n", "run.yaml: the setting 'reuse' is given twice, in lines 2 and 3;"),
        (b"learn: {a: 1, b: 2, a: 3}", "run.yaml: the setting 'a' is given twice, in line 1;"),
        (b"a: &x {b: 1}\nc: {<<: *x, d: 1, d: 2}", "run.yaml: the setting 'd' is given twice, in line 2;"),
        (b"l:\n- {a: 1}\n- {a: 1, a: 1}", "run.yaml: the setting 'a' is given twice, in line 3;"),
        (b'"seed": 1\nseed: 2', "run.yaml: the setting 'seed' is given twice, in lines 1 and 2;"),
        (b"learn:\n\treuse: 2\n", "run.yaml is not YAML, line 2: a tab cannot indent a setting, so use spaces"),
        (b"a: [1, 2", "run.yaml is not YAML, line 1: "),
        (b"a: b: c", "run.yaml is not YAML, line 1: "),
        (b"a: *nobody", "run.yaml is not YAML, line 1: "),
        (b"a: 1\n---\nb: 2\n", "run.yaml is not YAML, line 2: "),
        (b"a: !!python/object:os.system {}", "run.yaml is not YAML, line 1: "),
        (b"", "run.yaml is empty: "),
        (b"# nothing but a comment\n", "run.yaml is empty: "),
        (b"\xef\xbb\xbf", "run.yaml is empty: "),
        (b"- seed: 1\n", "run.yaml holds a list: it must hold settings"),
        (b"seed 1", "run.yaml holds the value 'seed 1': it must hold settings"),
        (b"17", "run.yaml holds the value '17': it must hold settings"),
        (b"null", "run.yaml holds the value 'None': it must hold settings"),
        (b"a: \xff", "run.yaml is not text in UTF-8; save it as UTF-8"),
        ("a: \u00fc".encode("latin-1"), "run.yaml is not text in UTF-8; save it as UTF-8"),
        (b"a: \x00", "run.yaml is not YAML: "),
        (b"a: \x1b[0m", "run.yaml is not YAML: "),
        (b"\xff\xfea", "run.yaml is not text in UTF-16"),
        (b"a: &a [*a]", "run.yaml, line 1: this value is a part of itself"),
        (LAUGHS.encode(), "run.yaml holds 12,345,679,021 values or more"),
        (b"a: " + b"[" * 100_000, "run.yaml is not YAML that can be read: it is nested too deeply"),
        (b"a: " + b"{b: " * 900 + b"1" + b"}" * 900, "run.yaml is not YAML that can be read: it is nested too deeply"),
        (b"a: 2026-13-45", "run.yaml holds a value that cannot be read: "),
        (b"a: " + b"9" * 5000, "run.yaml holds a value that cannot be read: "),
        (b"? [a]\n: 1", "run.yaml is not YAML, line 1: "),
        (b"? {a: 1}\n: 1", "run.yaml is not YAML, line 1: "),
        (b"<<: 3", "run.yaml is not YAML, line 1: "),
        (b"a: 1\n" * 300_000, "run.yaml is larger than 1,048,576 bytes"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(data: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="run") as caught:
        yaml_files.read_yaml(path)
    told = str(caught.value).replace(str(path), "run.yaml")
    assert told.startswith(sentence)
    assert "\n" not in told
    assert len(told) < 300


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(ValueError, match="cannot be read") as caught:
            yaml_files.read_yaml(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_files_of_any_editor_are_read(encoding: str, newline: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(newline.join(["game: f\u00fcnf", "learn:", "  reuse: 2", ""]).encode(encoding))
    assert yaml_files.read_yaml(path) == {"game": "f\u00fcnf", "learn": {"reuse": 2}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2e-4", 2e-4),
        ("1E6", 1e6),
        ("1.5e+3", 1500.0),
        (".5", 0.5),
        ("-3", -3),
        ("1_000", 1000),
        ("0x1F", 31),
        (".inf", math.inf),
        ("yes", True),
        ("off", False),
        ("~", None),
        ("1:30", "1:30"),
        ("010", "010"),
        ("08", "08"),
        ("1.2.3", "1.2.3"),
        ("e5", "e5"),
        ("-", ["x"]),
    ],
)
def test_numbers_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    if text == "-":
        text = "[x]"
    assert yaml_files.parse(f"a: {text}".encode(), "a.yaml")["a"] == value


def test_anchors_are_read_where_they_are_few() -> None:
    text = b"base: &base {blocks: 2, channels: 8}\nnetwork: {<<: *base, channels: 16}\nother: *base\n"
    found = yaml_files.parse(text, "a.yaml")
    assert found["network"] == {"blocks": 2, "channels": 16}
    assert found["other"] == {"blocks": 2, "channels": 8}


def test_what_was_written_is_read_again() -> None:
    texts = [
        "1e5",
        "2e-4",
        "010",
        "1:30",
        "yes",
        "",
        " ",
        "null",
        "0x10",
        "a: b",
        "# c",
        "\u00fc",
        "12",
        "1_0",
        ".inf",
        "-",
    ]
    values = {text or "empty": text for text in texts} | {"tiny": 1e-05, "huge": 1e30, "none": None, "list": [1, 2.0]}
    assert yaml_files.parse(yaml_files.dump(values).encode(), "a.yaml") == values
