"""Find the mutants of a module."""

import ast
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tools.mutants.changes import Change, Source, changes_of_expression, changes_of_statement
from tools.mutants.shapes import header_lines, shape_of

LOGGERS = frozenset({"log", "logger"})


@dataclass(frozen=True)
class Mutant:
    """One change of one function."""

    path: str
    function: str
    change: Change
    lines: range
    statement_lines: range
    key: str
    """Equal for the same change in another commit, even if the code was moved or renamed."""

    @property
    def place(self) -> str:
        return f"{self.path}:{self.lines.start} {self.function}"


def mutants_of(path: str, content: bytes) -> list[Mutant]:
    """Return the mutants of the functions in a module."""
    finder = _Finder(path, Source(content))
    finder.visit(ast.parse(content))
    return finder.mutants


class _Finder(ast.NodeVisitor):
    """Collects mutants. Module and class level are left out: they run at import, in no test."""

    def __init__(self, path: str, source: Source) -> None:
        self.mutants: list[Mutant] = []
        self._path = path
        self._source = source
        self._names: list[str] = []
        self._functions = 0
        self._statement: ast.stmt | None = None
        self._seen: Counter[tuple[str, ...]] = Counter()

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._functions += 1
        self._visit_body(node.name, node.body)
        self._functions -= 1

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_body(node.name, node.body)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leave f-strings out: before Python 3.12 their parts have wrong positions."""

    def visit_Call(self, node: ast.Call) -> None:
        if not _is_log_call(node):
            self.generic_visit(node)

    def visit(self, node: ast.AST) -> None:
        enclosing = self._statement
        if isinstance(node, ast.stmt):
            self._statement = node
            if self._functions and not _is_log_statement(node):
                self._add(node, changes_of_statement(self._source, node))
        elif isinstance(node, ast.expr) and self._functions and not _is_log_call(node):
            self._add(node, changes_of_expression(self._source, node))
        super().visit(node)
        self._statement = enclosing

    def _visit_body(self, name: str, body: list[ast.stmt]) -> None:
        self._names.append(name)
        for statement in body:
            self.visit(statement)
        self._names.pop()

    def _add(self, node: ast.expr | ast.stmt, changes: Iterable[Change]) -> None:
        statement = self._statement
        assert statement is not None
        for change in changes:
            function = ".".join(self._names)
            shape = (change.operator, shape_of(statement), shape_of(node))
            self._seen[function, *shape] += 1
            ordinal = self._seen[function, *shape]
            self.mutants.append(
                Mutant(
                    path=self._path,
                    function=function,
                    change=change,
                    lines=header_lines(node),
                    statement_lines=header_lines(statement),
                    key="\n".join((self._names[-1], *shape, str(ordinal))),
                )
            )


def _is_log_statement(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and _is_log_call(node.value)


def _is_log_call(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
            return name in LOGGERS
    return False
