"""Migrations do not keep servers waiting: what may block is left to `migrations/online.py`.

The rules are in docs/decisions/0027-migrations-while-serving.md.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

VERSIONS = sorted(
    each for each in Path("migrations/versions").glob("*.py") if each.name != "__init__.py"
)
REFUSED = {
    "alter_column": "online.set_not_null",
    "batch_alter_table": "online.add_column",
    "bulk_insert": "online.fill",
    "create_check_constraint": "a constraint that is NOT VALID, and validated afterwards",
    "create_foreign_key": "a constraint that is NOT VALID, and validated afterwards",
    "create_unique_constraint": "online.create_index",
}
"""Operations that read or lock a whole table, and what to use."""
BLOCKING_SQL = ("UPDATE", "DELETE", "ALTER TABLE", "CREATE INDEX", "CREATE UNIQUE INDEX", "LOCK")


def problems_in(source: str) -> list[str]:
    tree = ast.parse(source)
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    created = {
        value
        for call in calls_in(tree)
        if name_of(call) == "op.create_table"
        for value in strings_in(call.args[0], tree)
    }
    return [
        problem
        for function in reachable("upgrade", functions)
        for problem in problems_of(function, created, tree)
    ]


def reachable(start: str, functions: dict[str, ast.FunctionDef]) -> list[ast.FunctionDef]:
    names, found = [start], []
    while names:
        function = functions.pop(names.pop(), None)
        if function is not None:
            found.append(function)
            names += [node.id for node in ast.walk(function) if isinstance(node, ast.Name)]
    return found


def problems_of(function: ast.FunctionDef, created: set[str], tree: ast.Module) -> Iterator[str]:
    names = {name_of(call) for call in calls_in(function)}
    for call in calls_in(function):
        owner, _, name = name_of(call).rpartition(".")
        if owner in ("op", "batch") and name in REFUSED:
            yield f"{name}: use {REFUSED[name]}"
        if name_of(call) == "op.create_index" and not strings_in(call.args[1], tree) <= created:
            yield "create_index on a table that may be large: use online.create_index"
        if name_of(call) == "op.add_column" and any(each.startswith("online.") for each in names):
            yield "add_column beside changes that commit: use online.add_column, which can repeat"
        if name in ("execute", "text") and owner != "online" and call.args:
            texts = strings_in(call.args[0], tree)
            if any(text.strip().upper().startswith(BLOCKING_SQL) for text in texts):
                yield "a change of rows in the transaction of the schema: use online.run or fill"
        if name_of(call) in ("sa.update", "sa.delete"):
            yield "a change of rows in the transaction of the schema: use online.fill"
    for loop in (node for node in ast.walk(function) if isinstance(node, ast.For | ast.While)):
        is_constant = isinstance(loop, ast.For) and strings_in(loop.iter, tree)
        if not is_constant and any(name_of(call).endswith("execute") for call in calls_in(loop)):
            yield "a statement for each row: use online.fill or online.fill_computed"


def calls_in(node: ast.AST) -> Iterator[ast.Call]:
    return (each for each in ast.walk(node) if isinstance(each, ast.Call))


def name_of(call: ast.Call) -> str:
    return ast.unparse(call.func)


def strings_in(node: ast.expr, tree: ast.Module) -> set[str]:
    """The strings that an expression may be: of constants, and of loops over constants."""
    if isinstance(node, ast.Name):
        values = [
            each.value
            for each in ast.walk(tree)
            if isinstance(each, ast.Assign | ast.AnnAssign)
            and each.value is not None
            and node.id in {name.id for name in ast.walk(each) if isinstance(name, ast.Name)}
        ] + [
            each.iter
            for each in ast.walk(tree)
            if isinstance(each, ast.For)
            and isinstance(each.target, ast.Name)
            and each.target.id == node.id
        ]
        return {
            text
            for value in values
            if value is not node
            for text in strings_in(value, ast.Module([], []))
        }
    return {
        each.value
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_a_migration_does_not_block_running_servers(path: Path) -> None:
    assert problems_in(path.read_text()) == []


@pytest.mark.parametrize(
    "body",
    [
        'op.create_index("ix", "users", ["claims"])',
        'op.execute("UPDATE users SET claims = 1")',
        'op.alter_column("users", "claims", nullable=False)',
        'op.create_foreign_key("fk", "users", "clients", ["a"], ["b"])',
        "op.get_bind().execute(sa.update(users))",
        "for each in rows:\n        connection.execute(statement)",
        'op.execute("ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0)")',
        'with op.batch_alter_table("users") as batch:\n        batch.alter_column("a")',
        'online.run("x")\n    op.add_column("users", column)',
    ],
)
def test_blocking_operations_are_detected(body: str) -> None:
    assert problems_in(f"def upgrade():\n    {body}\n") != []


def test_indexes_on_a_new_table_are_allowed() -> None:
    source = (
        "def upgrade():\n"
        '    op.create_table("mails")\n'
        '    for table in ("mails",):\n'
        '        op.create_index("ix", table, ["a"])\n'
        "def downgrade():\n"
        '    op.execute("UPDATE mails SET a = 1")\n'
    )
    assert problems_in(source) == []
