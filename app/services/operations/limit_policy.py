"""The rate limits of a server: the figures of each, derived from its settings."""

import math
from dataclasses import dataclass, replace

from app.security.limit_rules import Rule

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
SHORT, LONG = 5 * MINUTE, 15 * MINUTE
STRANGERS = 100
"""Failed attempts at an account from unknown networks (NIST SP 800-63B-4 section 3.2.2)."""
SITE = 10
"""Factor between the figures of an IPv6 /48 and those of a /64 in it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rate limits of a server; see `docs/settings.md`. None means no limit."""

    login: Rule
    login_day: Rule
    login_with_code: Rule
    login_address: Rule
    login_address_day: Rule
    code: Rule
    stranger_password: Rule
    stranger_code: Rule
    token_error: Rule
    token_error_address: Rule
    registration: Rule | None
    client_registration: Rule | None
    authorization_request: Rule | None
    client_request: Rule | None
    mail: Rule
    mail_recipient: Rule
    mail_address: Rule
    device: Rule
    passkey: Rule
    admin: Rule
    admin_request: Rule
    new_document: Rule
    new_documents: Rule
    known_document: Rule

    @classmethod
    def of(
        cls,
        *,
        login: int,
        login_address: int,
        code: int,
        token_error: int,
        registration: int,
        client_registration: int,
        authorization_request: int,
        admin_request: int,
    ) -> "Rules":
        """Return the rules for these figures; 0 means no limit, if it is allowed.

        Wrong codes are forgotten only after a day without any, since they are few.
        """
        code_delay = MINUTE / code
        return cls(
            login=_cleared("login", login, MINUTE, MINUTE / login, LONG),
            login_day=_cleared("login in a day", 10 * login, DAY, MINUTE, LONG, DAY),
            login_with_code=_cleared("login", min(login, code), DAY, code_delay, HOUR, DAY),
            login_address=Rule("address", login_address, MINUTE, MINUTE / login_address, SHORT),
            login_address_day=Rule(
                "address in a day", 100 * login_address, DAY, MINUTE, SHORT, DAY
            ),
            code=_cleared("code", code, DAY, code_delay, HOUR, DAY),
            stranger_password=_shared("stranger password", MINUTE / 10, LONG),
            stranger_code=_shared("stranger code", MINUTE / 5, HOUR),
            token_error=Rule("token error", token_error, MINUTE),
            token_error_address=Rule("token error of an address", 10 * token_error, MINUTE),
            registration=_each("registration", registration, HOUR),
            client_registration=_each("client registration", client_registration, HOUR),
            authorization_request=_each("authorization request", authorization_request, MINUTE),
            client_request=_each("request of a client", 10 * authorization_request, MINUTE),
            mail=Rule("mail", 3, HOUR),
            mail_recipient=Rule("mail to a recipient", 20, HOUR),
            mail_address=Rule("mail of an address", 20, HOUR),
            device=Rule("device", 20, MINUTE, MINUTE / 20, SHORT),
            passkey=Rule("passkey", 60, MINUTE),
            admin=Rule("admin", token_error, MINUTE),
            admin_request=Rule("admin request", admin_request, MINUTE),
            new_document=Rule("first fetch of a document at a host", 10, MINUTE),
            new_documents=Rule("first fetch of a document", 30, MINUTE),
            known_document=Rule("fetch of a known document at a host", 60, MINUTE),
        )

    @property
    def shared(self) -> tuple[Rule, ...]:
        """The back-off that is shared by all networks unknown to an account."""
        return (self.stranger_password, self.stranger_code)


def of_site(rule: Rule) -> Rule:
    """Return the rule for an IPv6 /48, which has ten times the figures of a /64.

    An internet provider assigns a /48 to one subscriber, who then has 65,536 networks of the
    smaller kind.
    """
    return replace(
        rule,
        name=f"{rule.name} (/48)",
        free=SITE * rule.free,
        shortest_delay=rule.shortest_delay / SITE,
    )


def _cleared(
    name: str, free: int, window: float, shortest: float, longest: float, memory: float = HOUR
) -> Rule:
    return Rule(name, free, window, shortest, longest, memory, is_cleared_by_success=True)


def _each(name: str, free: int, window: float) -> Rule | None:
    return Rule(name, free, window) if free else None


def _shared(name: str, shortest: float, longest: float) -> Rule:
    """Return a rule whose failures add up until a success, or a day without any."""
    return _cleared(name, STRANGERS, math.inf, shortest, longest, DAY)
