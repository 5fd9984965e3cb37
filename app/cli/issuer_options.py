"""Options that state a trusted issuer, and the members that they make of what is stored."""

from collections.abc import Mapping
from typing import Any, get_args

from app.cli.attribute_values import pairs_of
from app.cli.bodies import json_in
from app.cli.parameters import (
    flag_parameter,
    one_of,
    seconds_parameter,
    text_parameter,
    texts_parameter,
)
from app.errors import InvalidInputError
from app.schemas.trusted_issuers import AssertionAlgorithm

LISTS = {
    "subject": "subjects",
    "algorithm": "algorithms",
    "presenter": "presenters",
    "scope": "scopes",
    "resource": "resources",
}
"""Members that are lists, by the options that replace them."""
TARGETS = {"client": "client_id", "user": "user_id", "identities": "identities"}
"""Members of which a trusted issuer has one, by the options that choose it."""
RULES = ("accepted_for", "single_use", "create_users")
DEFAULTS: Mapping[str, Any] = {
    "algorithms": ["RS256"],
    "presenters": [],
    "scopes": [],
    "resources": [],
    "claims": {},
}
RESETTABLE = (*DEFAULTS, "maximum_age", "email_domains", *RULES)
OF_RULES = ("email_domains", *RULES)
REPEATED = "Can be repeated."
UNREADABLE_KEYS = "--jwks: the file can't be read as JSON."
ISSUER = "The exact iss of its tokens."
SUBJECT = (
    "The sub of its tokens; * stands for one segment between : or /, and with --identities alone"
    f" for any sub. {REPEATED}"
)
Members = dict[str, Any]

STATED = (
    text_parameter("--jwks-uri", metavar="URL", help="Where it publishes its keys."),
    text_parameter("--jwks", metavar="FILE", help="A JWK Set instead of --jwks-uri."),
    texts_parameter(
        "--algorithm", "TEXT", f"RS256 if none. {REPEATED}", **one_of(get_args(AssertionAlgorithm))
    ),
    text_parameter(
        "--audience",
        metavar="URL",
        help="The aud of its tokens: this server's issuer, or a URL beneath it.",
        show_default="ISSUER",
    ),
    text_parameter("--client", metavar="ID", help="The client that the tokens stand for."),
    text_parameter("--user", metavar="NAME", help="The user that the tokens stand for."),
    texts_parameter(
        "--presenter",
        "ID",
        f"With --user or --identities: a client that may present them. {REPEATED}",
    ),
    texts_parameter("--scope", "NAME", f"A scope to allow. {REPEATED}"),
    texts_parameter("--resource", "NAME", f"A resource to allow. {REPEATED}"),
    texts_parameter("--claim", "NAME=VALUE", f"A claim that must have this value. {REPEATED}"),
    seconds_parameter(
        "--maximum-age",
        help="Longest time between iat and exp, at most 86400.",
        show_default="3600",
    ),
    flag_parameter(
        "--identities",
        "Accept identity assertions (ID-JAG), each for its own user; needs --presenter.",
    ),
    texts_parameter(
        "--email-domain",
        "DOMAIN",
        f"With --identities: a domain whose addresses the issuer owns. {REPEATED}",
    ),
    seconds_parameter(
        "--accepted-for",
        help="With --identities: longest time after iat, at most 3600.",
        show_default="600",
    ),
    flag_parameter("--single-use", "With --identities: accept each assertion once only."),
    flag_parameter("--create-users", "With --identities: create the user of an unknown subject."),
)
REMOVED = (
    texts_parameter(
        "--reset",
        "MEMBER",
        f"Return to the default: {', '.join(RESETTABLE)}. {REPEATED}",
        **one_of(RESETTABLE),
    ),
)


def changed_members(members: Mapping[str, Any], options: Mapping[str, Any]) -> Members:
    """Return the members with the changes that options state. A list is replaced.

    The user of `--user` is still named as `user_id`.
    """
    changed = {**members, **_without(options.get("reset") or ())}
    for name in ("issuer", "audience", "maximum_age"):
        if options.get(name) is not None:
            changed[name] = options[name]
    for name, member in LISTS.items():
        if options.get(name):
            changed[member] = options[name]
    if options.get("claim"):
        changed["claims"] = pairs_of(options["claim"], option="--claim")
    _set_keys(changed, options)
    _set_target(changed, options)
    _set_rules(changed, options)
    return {name: value for name, value in changed.items() if value is not None}


def is_stated(value: object) -> bool:
    """Return whether an option was given; a flag that was not is False."""
    return value is not None and value is not False


def _without(reset: Any) -> Members:
    return {name: DEFAULTS.get(name) for name in reset if name not in OF_RULES}


def _set_keys(changed: Members, options: Mapping[str, Any]) -> None:
    """Set the source of the keys, which replaces the other one."""
    uri, file = options.get("jwks_uri"), options.get("jwks")
    if uri is not None or file is not None:
        changed["jwks_uri"] = uri
        changed["jwks"] = json_in(file, otherwise=UNREADABLE_KEYS) if file is not None else None


def _set_target(changed: Members, options: Mapping[str, Any]) -> None:
    """Set what the tokens stand for, which replaces what they stood for."""
    if not any(is_stated(options.get(name)) for name in TARGETS):
        return
    changed["client_id"], changed["user_id"] = options.get("client"), options.get("user")
    changed["identities"] = changed.get("identities") or {} if options.get("identities") else None
    if changed["client_id"] is not None and not options.get("presenter"):
        changed["presenters"] = []


def _set_rules(changed: Members, options: Mapping[str, Any]) -> None:
    """Set the rules for identity assertions."""
    stated = {name: options[name] for name in RULES if is_stated(options.get(name))}
    if options.get("email_domain"):
        stated["email_domains"] = options["email_domain"]
    reset = set(options.get("reset") or ()) & set(OF_RULES)
    if not stated and not reset:
        return
    if changed.get("identities") is None:
        raise InvalidInputError(
            "--email-domain, --accepted-for, --single-use and --create-users need --identities."
        )
    rules = {name: value for name, value in changed["identities"].items() if name not in reset}
    changed["identities"] = {**rules, **stated}
