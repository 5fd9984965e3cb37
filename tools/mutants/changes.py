"""The changes that a mutant makes: one small replacement in an expression or a statement."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Is: (r"is", "is not"),
    ast.IsNot: (r"is\s+not", "is"),
    ast.In: (r"in", "not in"),
    ast.NotIn: (r"not\s+in", "in"),
}
CALCULATIONS: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: (r"\+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: (r"\*", "/"),
    ast.Div: ("/", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: (r"\|", "&"),
}


@dataclass(frozen=True)
class Change:
    """A replacement of some bytes of a source."""

    operator: str
    start: int
    end: int
    replacement: str

    def apply_to(self, source: bytes) -> bytes:
        return source[: self.start] + self.replacement.encode() + source[self.end :]


class Source:
    """The bytes of a module, with the positions that its nodes have in them."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._starts = [0]
        for line in content.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._starts[node.lineno - 1] + node.col_offset
        return start, self._starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, start: int, end: int) -> str:
        return self._content[start:end].decode()


def changes_of_statement(source: Source, node: ast.stmt) -> Iterator[Change]:
    span = source.span(node)
    match node:
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield Change("remove the call", *span, "pass")
        case ast.Raise():
            yield Change("remove the raise", *span, "pass")
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield Change("return None", *span, "return None")
        case ast.If(test=test) | ast.While(test=test):
            yield from _negation(source, test)


def changes_of_expression(source: Source, node: ast.expr) -> Iterator[Change]:
    span = source.span(node)
    match node:
        case ast.Compare(left=left, ops=[comparison], comparators=[right]):
            yield from _between(source, left, right, *COMPARISONS[type(comparison)])
        case ast.BoolOp(op=connective, values=values):
            words = ("and", "or") if isinstance(connective, ast.And) else ("or", "and")
            for left, right in pairwise(values):
                yield from _between(source, left, right, *words)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in CALCULATIONS:
            yield from _between(source, left, right, *CALCULATIONS[type(sign)])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            end = source.span(operand)[0]
            rest = re.sub(r"not\s*", "", source.text(span[0], end), count=1)
            yield Change("remove not", span[0], end, rest)
        case ast.IfExp(test=test):
            yield from _negation(source, test)
        case ast.Constant(value=bool() as value):
            yield Change(f"{value} to {not value}", *span, str(not value))
        case ast.Constant(value=int() | float() as value):
            yield Change(f"{value} to {value + 1}", *span, str(value + 1))
        case ast.Call(func=ast.Attribute(attr="where"), args=conditions):
            for condition in conditions:
                yield Change("remove a condition", *source.span(condition), "*()")


def _negation(source: Source, test: ast.expr) -> Iterator[Change]:
    """Negate a condition that the changes of an expression leave alone."""
    if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant):
        span = source.span(test)
        yield Change("negate the condition", *span, f"(not ({source.text(*span)}))")


def _between(
    source: Source, left: ast.expr, right: ast.expr, pattern: str, replacement: str
) -> Iterator[Change]:
    """Replace the operator between two operands."""
    start, end = source.span(left)[1], source.span(right)[0]
    match = re.search(pattern, source.text(start, end))
    if match is not None:
        operator = " ".join(match.group().split())
        at = start + len(match.string[: match.start()].encode())
        length = len(match.group().encode())
        yield Change(f"{operator} to {replacement}", at, at + length, replacement)
