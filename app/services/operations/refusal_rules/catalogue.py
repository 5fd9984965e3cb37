"""Catalogue of refusals: which rule refused a request, and how to fix it.

A rule is found by the beginning of the private reason, which is a constant of this code base: what
a caller sent comes later in it, so that no caller chooses the rule. A reason without a rule of its
own has that of its error code.
"""

from collections.abc import Mapping

from app.services.operations.refusal_rules.base import RefusalRule
from app.services.operations.refusal_rules.clients import RULES_OF_CLIENTS
from app.services.operations.refusal_rules.documents import RULES_OF_DOCUMENTS
from app.services.operations.refusal_rules.errors import GENERAL, RULES_OF_ERRORS
from app.services.operations.refusal_rules.requests import RULES_OF_REQUESTS
from app.services.operations.refusal_rules.tokens import RULES_OF_TOKENS
from app.services.operations.refusal_rules.users import RULES_OF_USERS

RULES: tuple[RefusalRule, ...] = (
    *RULES_OF_CLIENTS,
    *RULES_OF_DOCUMENTS,
    *RULES_OF_TOKENS,
    *RULES_OF_REQUESTS,
    *RULES_OF_USERS,
)
BY_REASON: tuple[tuple[str, RefusalRule], ...] = tuple(
    sorted(
        ((reason, rule) for rule in RULES for reason in rule.reasons),
        key=lambda entry: -len(entry[0]),
    )
)
"""Beginnings of reasons, the longest first, so that the most specific rule is found."""
BY_CODE: Mapping[str, RefusalRule] = {
    rule.code: rule for rule in (*RULES, *RULES_OF_ERRORS.values(), GENERAL)
}


def rule_for(error: str, reason: str) -> RefusalRule:
    """Return the rule that refused a request with this error and private reason."""
    for beginning, rule in BY_REASON:
        if reason.startswith(beginning):
            return rule
    return RULES_OF_ERRORS.get(error, GENERAL)


def rule_with(code: str) -> RefusalRule:
    """Return the rule with a stored code, or the general one if another release stored it."""
    return BY_CODE.get(code, GENERAL)
