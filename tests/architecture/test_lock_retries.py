"""Transactions of repositories give way to the locks of others, or are listed with the reason."""

import ast
from collections.abc import Iterator
from pathlib import Path

REPOSITORIES = Path(__file__).parents[2] / "app" / "repositories"
PATIENT = {
    "audit_checkpoints.py": "commands",
    "client_documents.py: evict": "housekeeping, by one worker at a time",
    "ended_tokens.py": "housekeeping, by one worker at a time",
    "housekeeping.py": "housekeeping, by one worker at a time",
    "sealed_values.py": "commands",
    "unconfirmed_users.py": "housekeeping, by one worker at a time",
    "user_search.py": "housekeeping, by one worker at a time; everything else only reads",
}
"""Files and methods whose transactions wait for a lock on an ordinary connection, and why."""


def methods() -> Iterator[tuple[str, ast.AsyncFunctionDef]]:
    for path in sorted(REPOSITORIES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                for each in node.body:
                    if isinstance(each, ast.AsyncFunctionDef):
                        yield path.name, each


def transactions_in(method: ast.AsyncFunctionDef) -> int:
    return sum(
        isinstance(node, ast.Call) and ast.unparse(node.func) == "self._database.transaction"
        for node in ast.walk(method)
    )


def test_every_transaction_of_a_request_yields_to_locks() -> None:
    waiting = {
        f"{name}: {method.name}"
        for name, method in methods()
        if transactions_in(method)
        and name not in PATIENT
        and f"{name}: {method.name}" not in PATIENT
        and "retries_on_lock" not in map(ast.unparse, method.decorator_list)
    }

    assert waiting == set()


def test_a_method_that_yields_to_locks_has_one_transaction_so_that_it_can_be_retried() -> None:
    giving_way = [
        (f"{name}: {method.name}", transactions_in(method))
        for name, method in methods()
        if "retries_on_lock" in map(ast.unparse, method.decorator_list)
    ]

    assert len(giving_way) > 20
    assert [each for each, count in giving_way if count != 1] == []
