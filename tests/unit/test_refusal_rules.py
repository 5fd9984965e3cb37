"""The catalogue of refusals: each reason in the code base has a rule, and each rule a reason."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_group

import app as postern
from app.cli.application import application
from app.cli.commands import commands_for
from app.services.accounts.authentication import PROBLEMS
from app.services.operations.refusal_rules.base import RefusalRule
from app.services.operations.refusal_rules.catalogue import (
    BY_CODE,
    BY_REASON,
    RULES,
    rule_for,
    rule_with,
)
from app.services.operations.refusal_rules.clients import AUTHENTICATION
from app.services.operations.refusal_rules.errors import GENERAL, RULES_OF_ERRORS

APP = Path(postern.__path__[0])
FILES = {"dependencies.py", "errors.py"}
CATALOGUE = APP / "services" / "operations" / "refusal_rules"
TREES = {
    path: ast.parse(path.read_text("utf-8"))
    for path in sorted(APP.rglob("*.py"))
    if path.relative_to(APP).parts[0]
    in {"oauth", "services", "routers", "pages", "middleware", "security", *FILES}
    and CATALOGUE not in path.parents
}
OF_THE_AUDIT_LOG = {"event", "record", "_event"}
OF_OTHERS = {
    "oauth/federation/": "part of a reason that begins with the identity provider",
    "services/accounts/imports/": "printed by a command",
    "services/factors/passkey": "for the audit log: the page shows the form again",
    "services/operations/desired_state/": "reported with the file",
    "services/operations/webhook_delivery.py": "for the audit log",
}
"""Files whose reasons are not those of refused requests, by the beginning of the path."""
INCOMPLETE = {"password sign-in refused: ": PROBLEMS.values()}
"""Reasons that always continue with one of these texts."""
COMMAND = re.compile(r"`postern ((?:[a-z-]+ ?)+)")


def texts() -> set[str]:
    """All texts of the code base, and the constant beginnings of formatted ones."""
    return {
        node.value
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def functions_with_reasons() -> set[str]:
    """Return the names of functions with a positional parameter `reason`."""
    return {
        node.name
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and "reason" in {each.arg for each in node.args.args}
    }


def stated_reasons() -> Iterator[tuple[str, str]]:
    """Yield the constant reasons of errors, and where each is stated.

    Other arguments of the same functions are error codes and public texts.
    """
    functions = {*functions_with_reasons(), "explain", "note_refusal"}
    for path, tree in TREES.items():
        place = str(path.relative_to(APP))
        if place.startswith(tuple(OF_OTHERS)):
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in OF_THE_AUDIT_LOG:
                continue
            values = [each.value for each in node.keywords if each.arg == "reason"]
            values.extend(node.args if name in functions else ())
            for value in values:
                text = beginning_of(value)
                if text is not None and " " in text and not text.endswith("."):
                    beginning = AUTHENTICATION if name == "_failed" else ""
                    yield beginning + text, f"{place}:{node.lineno}"


def beginning_of(node: ast.expr) -> str | None:
    if isinstance(node, ast.JoinedStr):
        node = node.values[0]  # type: ignore[assignment]  # an expression, too
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if is_text else None  # type: ignore[attr-defined]  # it is a constant


REASONS = dict(stated_reasons())


def test_every_reason_that_is_stated_has_a_rule_of_its_own() -> None:
    general = {
        text: place for text, place in REASONS.items() if rule_for("no such error", text) is GENERAL
    }

    assert len(REASONS) > 60
    assert {text: place for text, place in general.items() if text not in INCOMPLETE} == {}
    for beginning, endings in INCOMPLETE.items():
        for ending in endings:
            assert rule_for("no such error", beginning + ending) is not GENERAL


def test_every_beginning_in_the_catalogue_is_in_the_code_base() -> None:
    """A reason whose text changes takes its rule with it"""
    known = texts()

    def is_stated(beginning: str) -> bool:
        stated = beginning.removeprefix(AUTHENTICATION).removeprefix("password sign-in refused: ")
        stated = stated.removeprefix("rate limit reached: ")
        return not stated or any(text.startswith(stated.rstrip()) for text in known)

    assert [beginning for beginning, _ in BY_REASON if not is_stated(beginning)] == []


@pytest.mark.parametrize(
    ("error", "reason", "code"),
    [
        ("invalid_redirect_uri", "the redirect_uri https://x is not registered", "redirect_uri"),
        ("invalid_request", "the redirect_uri https://x is not registered", "redirect_uri"),
        ("invalid_client", "client authentication failed: the secret is wrong", "secret_wrong"),
        ("invalid_grant", "the refresh token was replayed after its grace window", "replayed"),
        ("invalid_grant", "the access policy of the client does not allow this user", "policy"),
        ("too_many_requests", "rate limit reached: token error, x", "rate_limit_client"),
        ("too_many_requests", "rate limit reached: login, address", "rate_limit_sign_in"),
        ("too_many_requests", "rate limit reached: mail", "rate_limit"),
        ("not_found", "Not Found", "not_found"),
        ("418", "see the response", "other"),
    ],
)
def test_the_most_specific_rule_is_found(error: str, reason: str, code: str) -> None:
    assert code in rule_for(error, reason).code


def test_what_a_caller_sends_does_not_choose_the_rule() -> None:
    sent = "client authentication failed: the secret is wrong"

    rule = rule_for("invalid_redirect_uri", f"the redirect_uri {sent} is not registered")

    assert rule.code == "redirect_uri_not_registered"


def test_codes_are_unique_and_one_of_another_release_is_explained() -> None:
    assert len(BY_CODE) == len(RULES) + len(RULES_OF_ERRORS) + 1
    assert rule_with("of another release") is GENERAL


@pytest.mark.parametrize("rule", BY_CODE.values(), ids=lambda rule: rule.code)
def test_each_command_of_an_advice_exists(rule: RefusalRule) -> None:
    group = get_group(application(commands_for([])))
    for command in COMMAND.findall(rule.advice):
        first, second = command.split()[:2]

        assert second in group.commands[first].commands  # type: ignore[attr-defined]  # a group


@pytest.mark.parametrize("client_id", ["x; rm -rf ~", "$(id)", "-x", "`id`", "a b", "", None])
def test_an_advice_contains_no_client_id_that_a_shell_could_execute(client_id: str | None) -> None:
    advice = BY_CODE["redirect_uri_not_registered"].advice_for(client_id)

    assert "postern clients set CLIENT_ID --add-redirect-uri" in advice
