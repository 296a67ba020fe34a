"""Mutants of a Python source: copies with one small mistake each, such as a program could contain.

Knows Python's syntax tree. Does not know tests. Left alone are texts, annotations, decorators, and what cannot change a
result: docstrings, ``raise`` statements, the ``strict`` of ``zip``.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
OPPOSITES = {"min": "max", "max": "min", "any": "all", "all": "any", "argmax": "argmin", "argmin": "argmax"}
SYMMETRIC = {"min", "max", "zip"}  # functions for which an exchange of arguments is no mistake, or a trivial one


@dataclass(frozen=True)
class Mutant:
    """One mistake: ``before`` at these characters of the file becomes ``after``."""

    file: str
    line: int  # of ``before``, counted from 1
    lines: tuple[int, int]  # first and last line of the statement, or of the head of a compound statement
    operator: str  # the kind of mistake
    start: int  # characters of ``before`` in the file
    end: int
    before: str
    after: str

    @property
    def id(self) -> str:
        return f"{self.file}:{self.line}:{self.operator}:{self.start}:{self.after}"

    def apply(self, source: str) -> str:
        """The file's ``source`` with the mistake."""
        assert source[self.start : self.end] == self.before
        return source[: self.start] + self.after + source[self.end :]


def find_mutants(file: str, source: str) -> list[Mutant]:
    """Every mutant of ``source``, the content of ``file``, in the order of the source."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode()))
    encoded = source.encode()

    def position(line: int, column: int) -> int:  # ast counts bytes
        return len(encoded[: starts[line - 1] + column].decode())

    found: dict[tuple[int, int, str], Mutant] = {}
    for statement, node, operator, after in _changes(ast.parse(source)):
        start = position(node.lineno, node.col_offset)
        end = position(node.end_lineno or node.lineno, node.end_col_offset or 0)
        lines = statement.lineno, _last_line(statement)
        mutant = Mutant(file, node.lineno, lines, operator, start, end, source[start:end], after)
        found.setdefault((start, end, after), mutant)
    return [found[place] for place in sorted(found)]


Change = tuple[ast.stmt, ast.expr | ast.stmt, str, str]
"""(statement around it, node that is replaced, kind of mistake, text that replaces the node)"""


def _last_line(statement: ast.stmt) -> int:
    body: list[ast.stmt] = getattr(statement, "body", [])
    if body:
        return max(statement.lineno, min(body[0].lineno - 1, statement.end_lineno or statement.lineno))
    return statement.end_lineno or statement.lineno


def _changes(tree: ast.Module) -> Iterator[Change]:
    for parent in ast.walk(tree):
        for name in ("body", "orelse", "finalbody", "handlers"):
            for statement in getattr(parent, name, ()) if not isinstance(parent, (ast.Lambda, ast.IfExp)) else ():
                if not isinstance(statement, ast.stmt) or isinstance(
                    statement, (ast.Raise, ast.Import, ast.ImportFrom)
                ):
                    continue
                yield from ((statement, *change) for change in _statement_changes(statement))
                if isinstance(statement, (ast.If, ast.While)) and not isinstance(
                    statement.test, (ast.Compare, ast.BoolOp)
                ):
                    yield statement, statement.test, "boolean", f"(not {ast.unparse(statement.test)})"
                for top in _expressions(statement):
                    for expression in _inside(top):
                        yield from ((statement, expression, *change) for change in _expression_changes(expression))


def _expressions(statement: ast.stmt) -> list[ast.expr]:
    """The expressions of the statement itself: without annotations, decorators, base classes and docstrings."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return []
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return [*statement.args.defaults, *(each for each in statement.args.kw_defaults if each is not None)]
    if isinstance(statement, ast.AnnAssign):
        return [statement.target, statement.value] if statement.value else []
    if isinstance(statement, ast.With):
        return [item.context_expr for item in statement.items]
    if isinstance(statement, ast.ClassDef):
        return []
    return [child for child in ast.iter_child_nodes(statement) if isinstance(child, ast.expr)]


def _inside(node: ast.AST) -> Iterator[ast.expr]:
    """``node`` and the expressions in it that may be changed."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.keyword) and node.arg == "strict"):
        return
    if isinstance(node, ast.expr):
        yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.expr, ast.comprehension, ast.keyword, ast.arguments)):
            yield from _inside(child)


def _statement_changes(statement: ast.stmt) -> Iterator[tuple[ast.stmt, str, str]]:
    """A statement that is missing, an assignment that does something else, another end of a loop."""
    if isinstance(statement, ast.Continue):
        yield statement, "loop", "break"
    elif isinstance(statement, ast.Break):
        yield statement, "loop", "pass"
    elif isinstance(statement, ast.Return) and statement.value is not None:
        if not (isinstance(statement.value, ast.Constant) and statement.value.value is None):
            yield statement, "return", "return None"
    elif isinstance(statement, ast.AugAssign):
        yield statement, "missing", "pass"
        other = ARITHMETIC[type(statement.op)]()
        yield statement, "arithmetic", ast.unparse(ast.AugAssign(statement.target, other, statement.value))
    elif isinstance(statement, ast.Assign):
        if all(isinstance(target, (ast.Subscript, ast.Attribute)) for target in statement.targets):
            yield statement, "missing", "pass"
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        yield statement, "missing", "pass"


def _expression_changes(node: ast.expr) -> Iterator[tuple[str, str]]:
    for operator, change in CHANGES.get(type(node), ()):
        for other in change(node):
            yield operator, other if isinstance(other, str) else f"({ast.unparse(other)})"


def _compare(node: ast.Compare) -> Iterator[ast.expr]:
    for i, comparison in enumerate(node.ops):
        for other in COMPARISONS[type(comparison)]:
            yield ast.Compare(node.left, [*node.ops[:i], other(), *node.ops[i + 1 :]], node.comparators)


def _arithmetic(node: ast.BinOp) -> Iterator[ast.expr]:
    texts = isinstance(node.left, (ast.JoinedStr, ast.Constant)) and isinstance(getattr(node.left, "value", ""), str)
    if type(node.op) in ARITHMETIC and not texts:
        yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)


def _boolean(node: ast.BoolOp) -> Iterator[ast.expr]:
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)


def _unary(node: ast.UnaryOp) -> Iterator[ast.expr]:
    yield node.operand  # without "not", "-" or "~"


def _constant(node: ast.Constant) -> Iterator[str]:
    value = node.value
    if isinstance(value, bool):
        yield str(not value)
    elif isinstance(value, int):
        yield from (str(value + 1), f"({value - 1})")
    elif isinstance(value, float):
        yield from (repr(value * 2) if value else "1.0", repr(value / 2) if value else "(-1.0)")


def _condition(node: ast.IfExp) -> Iterator[ast.expr]:
    yield ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)


def _swapped(node: ast.Call) -> Iterator[ast.expr]:
    """Two neighbouring arguments in the wrong order."""
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name in SYMMETRIC or any(isinstance(argument, ast.Starred) for argument in node.args):
        return
    for i in range(len(node.args) - 1):
        one, other = node.args[i : i + 2]
        if ast.dump(one) != ast.dump(other):
            yield ast.Call(node.func, [*node.args[:i], other, one, *node.args[i + 2 :]], node.keywords)


def _opposite(node: ast.Call) -> Iterator[ast.expr]:
    if isinstance(node.func, ast.Name) and node.func.id in OPPOSITES:
        yield ast.Call(ast.Name(OPPOSITES[node.func.id]), node.args, node.keywords)
    elif isinstance(node.func, ast.Attribute) and node.func.attr in OPPOSITES:
        yield ast.Call(ast.Attribute(node.func.value, OPPOSITES[node.func.attr]), node.args, node.keywords)


def _range(node: ast.Call) -> Iterator[ast.expr]:
    """A loop that ends one too late or too early."""
    if isinstance(node.func, ast.Name) and node.func.id == "range" and node.args:
        place = 0 if len(node.args) == 1 else 1
        for operator in (ast.Add(), ast.Sub()):
            end = ast.BinOp(node.args[place], operator, ast.Constant(1))
            yield ast.Call(node.func, [*node.args[:place], end, *node.args[place + 1 :]], node.keywords)


def _slice(node: ast.Subscript) -> Iterator[ast.expr]:
    """A slice that begins or ends one place further."""
    if isinstance(node.slice, ast.Slice):
        for name in ("lower", "upper"):
            bound = getattr(node.slice, name)
            if bound is not None and not isinstance(bound, ast.Constant):
                moved = ast.Slice(node.slice.lower, node.slice.upper, node.slice.step)
                setattr(moved, name, ast.BinOp(bound, ast.Add(), ast.Constant(1)))
                yield ast.Subscript(node.value, moved)


CHANGES: dict[type[ast.expr], tuple[tuple[str, Callable[..., Iterator[ast.expr | str]]], ...]] = {
    ast.Compare: (("comparison", _compare),),
    ast.BinOp: (("arithmetic", _arithmetic),),
    ast.BoolOp: (("boolean", _boolean),),
    ast.UnaryOp: (("boolean", _unary),),
    ast.Constant: (("constant", _constant),),
    ast.IfExp: (("boolean", _condition),),
    ast.Call: (("arguments", _swapped), ("opposite", _opposite), ("off by one", _range)),
    ast.Subscript: (("off by one", _slice),),
}


def codes(code: CodeType) -> Iterator[CodeType]:
    """``code`` and every code in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


def new_codes(path: Path, old: str, new: str) -> dict[tuple[str, int], CodeType] | None:
    """The code of each function in ``new``, by name and line in ``old``; None if code outside of functions differs."""
    before, after = (list(codes(compile(source, str(path), "exec"))) for source in (old, new))
    if [code.co_qualname for code in before] != [code.co_qualname for code in after]:
        return None
    for one, other in zip(before, after, strict=True):
        is_function = one.co_flags & inspect.CO_OPTIMIZED  # the body of a module or a class is not
        if one.co_freevars != other.co_freevars or not (is_function or outline(one) == outline(other)):
            return None
    return {(one.co_qualname, one.co_firstlineno): other for one, other in zip(before, after, strict=True)}


def outline(code: CodeType) -> tuple[Any, ...]:
    """What code does by itself, without the functions in it."""
    return code.co_code, code.co_names, [repr(each) for each in code.co_consts if not isinstance(each, CodeType)]
