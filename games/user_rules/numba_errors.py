"""Numba's errors as one sentence: the user's file and line, what cannot be compiled, and what to write instead.

Knows the texts of Numba's errors and the syntax that Numba refuses. Does not know any rule.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType

from games.user_rules.faults import display_path
from games.user_rules.rebuild import Rule, list_functions

OUTSIDE = "keep numbers in s or in tuples and NumPy arrays outside of the rules"
TEXT = "rules compute with numbers, and draw and write_action, which are not compiled, write the text"

SYNTAX: dict[type[ast.AST], tuple[str, str]] = {
    ast.JoinedStr: ("an f-string", TEXT),
    ast.Dict: ("a dict", "use a tuple or a NumPy array made outside of the rules"),
    ast.DictComp: ("a dict", "use a tuple or a NumPy array made outside of the rules"),
    ast.Set: ("a set", "use an array of flags, such as np.zeros(n, np.bool_)"),
    ast.SetComp: ("a set", "use an array of flags, such as np.zeros(n, np.bool_)"),
    ast.GeneratorExp: ("a generator expression", "write a for loop"),
    ast.Try: ("try and except", "ask beforehand with if"),
    ast.ExceptHandler: ("try and except", "ask beforehand with if"),
    ast.NamedExpr: ("an assignment within an expression (:=)", "write it on a line of its own"),
    ast.With: ("a with statement", "rules only compute with numbers"),
    ast.Import: ("an import in a function", "write it at the top of the file"),
    ast.ImportFrom: ("an import in a function", "write it at the top of the file"),
    ast.Global: ("a global variable that changes", "keep in s all that changes"),
    ast.Nonlocal: ("a variable of another function that changes", "keep in s all that changes"),
    ast.ClassDef: ("a class in a function", OUTSIDE),
    ast.Starred: ("a starred expression", "name each value, or use an index"),
    ast.Delete: ("del", "leave out what is deleted"),
    ast.Lambda: ("a lambda", "write a function with def outside of the rule"),
    ast.Yield: ("a generator", "fill an array"),
    ast.ListComp: ("this list", "use a tuple or a NumPy array such as np.zeros(n, np.int64)"),
    ast.List: ("this list", "use a tuple or a NumPy array such as np.zeros(n, np.int64)"),
}
"""Syntax that Numba may refuse, the most certain first (a plain list of numbers often compiles): its name, and what to
write instead."""

KINDS = {
    "dict": ("the dict {name}", "use a tuple or a NumPy array in its place"),
    "list": ("the list {name}", "make it a tuple or a NumPy array"),
    "set": ("the set {name}", "make it a tuple or an array of flags"),
    "type": ("the class {name}", OUTSIDE),
    "function": ("the function {name}", "only functions of the game's own folder are compiled along with the rules"),
    "functools._lru_cache_wrapper": ("the decorated function {name}", "leave its decorator away"),
    "str": ("the text {name}", TEXT),
}
"""Classes of globals that Numba cannot use as constants: what they are called, and what to write instead."""

WORDS: tuple[tuple[str, str, str], ...] = (
    (r"Cannot modify readonly array", "an array outside of s cannot be changed", "keep in s all that changes"),
    (r"Field '(\w+)' was not found in record with fields \((.*?)\)", "s has no field '{0}'", "its fields are {1}"),
    (r"name '(\w+)' is not defined", "the name {0} is not defined", "define it in the file"),
    (r"Unsupported array index type float", "an index is a fraction", "divide with // where it is an index"),
    (
        r"Cannot unify .* for '(\w+)[.\d]*'",
        "{0} is at times of one type and at times of another",
        "keep it to one type",
    ),
    (
        r"imprecise type: list",
        "the list {name} is not told what it holds",
        "use an array such as np.zeros(n, np.int64)",
    ),
    (
        r"(?:unsupported NumPy function|unsupported use of) '?(?:numpy\.)?(\w+)",
        "Numba does not know np.{0}",
        "write a loop",
    ),
    (r"Unknown attribute '(\w+)' of type Module\(<module '([\w.]+)'", "Numba does not know {1}.{0}", "write a loop"),
    (r"Unknown attribute '(\w+)' of type (?:Literal\[str\]|unicode)", "Numba does not know the text's .{0}", TEXT),
    (r"Unknown attribute '(\w+)' of type", "Numba does not know .{0} here", "write a loop over the elements"),
    (r"got None", "a rule returns None where a number is needed", "let every way through it return a number"),
    (r"STORE_GLOBAL", "a global variable changes", "keep in s all that changes"),
    (r"runaway recursion|recursion", "this recursion cannot be compiled", "write a loop with an array as its stack"),
    (
        r"No implementation of function Function\(<function (\w+)",
        "Numba does not know {0} with these arguments",
        "write a loop, or call it with other arguments",
    ),
    (
        r"missing a required argument|too many positional arguments",
        "a function gets the wrong number of arguments",
        "count them",
    ),
    (r"setitem\(Record\(.*?\), unicode_type", "a field's name is a variable", 'write s["name"] with the name itself'),
    (r"getitem\(Record\(.*?\), unicode_type", "a field's name is a variable", 'write s["name"] with the name itself'),
)
"""Patterns of Numba's messages: what each means, and what to write instead."""


def explain(error: BaseException, rules: Mapping[str, Rule]) -> str:
    """One sentence about ``error``, which Numba raised when it compiled ``rules``."""
    text = re.sub(r"\x1b\[[\d;]*m", "", str(error))
    written = list(list_functions(rules))
    function, line = _locate(text, written) or _guess_location(text, written)
    if function is None:
        return f"the rules cannot be compiled: {_first_line(text)}; docs/your-own-game.md says what rules may use"
    place = f"{display_path(function.__code__.co_filename)}, line {line}, in {function.__name__}"
    return f"{place}: {_explain_line(text, function, line)}"


def _locate(text: str, written: list[FunctionType]) -> tuple[FunctionType, int] | None:
    """The user's function and line that ``text`` names first; Numba names the innermost one first."""
    for match in re.finditer(
        r'File "([^"]+)", line (\d+)|(?:Raised from|location: |defined at) ?(\S+) \((\d+)\)', text
    ):
        path, line = match[1] or match[3], int(match[2] or match[4])
        for function in written:
            first, last = _lines(function)
            if Path(function.__code__.co_filename).name == Path(path).name and first <= line <= last:
                return function, line
    return None


def _guess_location(text: str, written: list[FunctionType]) -> tuple[FunctionType | None, int]:
    """A function and line that may have caused an error whose text names no place."""
    name = re.search(r"name '(\w+)' is not defined", text)
    for kind in (ast.Name,) if name else SYNTAX:
        for function in written:
            for node in _nodes(function):
                if isinstance(node, kind) and (name is None or getattr(node, "id", "") == name[1]):
                    return function, _line(function, node)
    return None, 0


def _explain_line(text: str, function: FunctionType, line: int) -> str:
    """What Numba cannot compile in that line, and what to write instead."""
    nodes = [node for node in _nodes(function) if _line(function, node) == line]
    untyped = re.search(r"Untyped \w+(?: name)? '(?P<name>\w+)'.*?<class '(?P<kind>[\w.]+)'>", text, re.DOTALL)
    untyped = untyped or re.search(r"reflected (?P<kind>list|set).*?variable '(?P<name>\w+)' in", text, re.DOTALL)
    if untyped is not None:
        name, kind = untyped["name"], untyped["kind"]
        noun, instead = KINDS.get(kind, (f"{{name}}, a {kind}", OUTSIDE))
        return f"Numba cannot compile {noun.format(name=name)}; {instead}"
    for pattern, what, instead in WORDS:
        if (match := re.search(pattern, text, re.DOTALL)) is not None:
            return "; ".join(each.format(*match.groups(), name="here") for each in (what, instead))
    for kind_, (noun, instead) in SYNTAX.items():
        if any(isinstance(node, kind_) for node in nodes):
            return f"Numba cannot compile {noun}; {instead}"
    if any(isinstance(node, ast.Name) and node.id == "print" for node in nodes):
        return "Numba cannot compile this print; print numbers and plain text only, or nothing"
    return f"Numba cannot compile this line ({_first_line(text)}); docs/your-own-game.md says what rules may use"


def _first_line(text: str) -> str:
    """The first line of ``text`` with a reason in it."""
    lines = [line.strip(" .:") for line in text.splitlines()]
    return next(
        (line for line in lines if line and not line.startswith(("Failed in", "[1", "-"))), "no reason is given"
    )


def _lines(function: FunctionType) -> tuple[int, int]:
    """The first and the last line of ``function`` in its file."""
    try:
        lines, first = inspect.getsourcelines(function)
    except OSError:
        return function.__code__.co_firstlineno, function.__code__.co_firstlineno
    return first, first + len(lines) - 1


def _nodes(function: FunctionType) -> Iterator[ast.AST]:
    """The syntax tree's nodes of ``function``; none if its source cannot be read."""
    try:
        yield from ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function))))
    except (OSError, SyntaxError):
        return


def _line(function: FunctionType, node: ast.AST) -> int:
    """The line of ``node`` in the file of ``function``."""
    return _lines(function)[0] + getattr(node, "lineno", 0) - 1
