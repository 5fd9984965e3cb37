"""Options that state a resource, and the members that they make of what is stored."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from app.cli.attribute_values import pairs_of
from app.cli.parameters import (
    flag_parameter,
    one_of,
    seconds_parameter,
    text_parameter,
    texts_parameter,
)
from app.errors import InvalidInputError
from app.schemas.resources import SigningAlgorithm, TokenFormat
from app.security.resource_identifiers import key_of

RESETTABLE = ("access_token_ttl",)
LISTS = {"alias": "aliases", "requester": "requesters", "server": "servers"}
"""Members that are lists, by the options that add to them."""
REPEATED = "Can be repeated."
Members = dict[str, Any]
Names = list[str] | None


STATED = (
    text_parameter("--title", help="What the consent page calls the resource."),
    texts_parameter("--alias", "URI", f"Another URI by which clients name it. {REPEATED}"),
    texts_parameter(
        "--scope", "SCOPE=SENTENCE", f"A scope, and its sentence for the consent page. {REPEATED}"
    ),
    texts_parameter("--scope-json", "JSON", f"A scope with all its members. {REPEATED}"),
    texts_parameter(
        "--translation",
        "SCOPE:LANGUAGE=SENTENCE",
        f"The sentence in a language, such as read:de. {REPEATED}",
    ),
    texts_parameter("--default-scope", "SCOPE", f"Granted if a request names no scope. {REPEATED}"),
    texts_parameter(
        "--implies", "SCOPE=SCOPE", f"The second scope is part of the first. {REPEATED}"
    ),
    text_parameter(
        "--token-format",
        **one_of(get_args(TokenFormat)),
        help="jwt can be verified without asking this server; opaque can be revoked at once.",
    ),
    text_parameter(
        "--signing-alg",
        **one_of(get_args(SigningAlgorithm)),
        help="Signs tokens of the format jwt.",
    ),
    seconds_parameter(
        "--access-token-ttl", help="Lifetime of its tokens, instead of the general one."
    ),
    flag_parameter("--open-to-all-clients", "Let every client request it."),
    flag_parameter("--listed-clients-only", "Let only the clients of --requester request it."),
    texts_parameter("--requester", "CLIENT_ID", f"A client that may request it. {REPEATED}"),
    texts_parameter(
        "--server",
        "CLIENT_ID",
        f"A confidential client that acts as its server: it may introspect its tokens. {REPEATED}",
    ),
    flag_parameter("--show-metadata", "Publish its metadata (RFC 9728)."),
    flag_parameter(
        "--agents", "Let clients with a metadata document request it: AI agents, MCP clients."
    ),
    flag_parameter("--allow-personal-tokens", "Let users create personal access tokens for it."),
    texts_parameter(
        "--personal-token-group",
        "NAME",
        f"A group whose members may have personal access tokens. {REPEATED}",
    ),
)
REMOVED = (
    texts_parameter("--remove-alias", "URI", REPEATED),
    texts_parameter("--remove-scope", "SCOPE", REPEATED),
    texts_parameter("--remove-translation", "SCOPE:LANGUAGE", REPEATED),
    texts_parameter("--no-default-scope", "SCOPE", f"No longer granted by default. {REPEATED}"),
    texts_parameter("--remove-implied", "SCOPE=SCOPE", REPEATED),
    texts_parameter("--remove-requester", "CLIENT_ID", REPEATED),
    texts_parameter("--remove-server", "CLIENT_ID", REPEATED),
    flag_parameter("--hide-metadata", "Stop publishing its metadata."),
    flag_parameter("--no-agents", "Let only registered clients request it."),
    flag_parameter(
        "--forbid-personal-tokens", "Let users create no more personal access tokens for it."
    ),
    flag_parameter(
        "--all-personal-token-users", "Let all users have personal access tokens for it."
    ),
    texts_parameter("--reset", "MEMBER", f"Return to the general rule: {', '.join(RESETTABLE)}."),
)


def changed_members(members: Mapping[str, Any], options: Mapping[str, Any]) -> Members:
    """Return the members of a resource with the changes that options state."""
    changed = dict(members)
    for name in ("title", "token_format", "signing_alg", "access_token_ttl"):
        if options.get(name) is not None:
            changed[name] = options[name]
    for name in options.get("reset") or ():
        if name not in RESETTABLE:
            raise InvalidInputError(f"--reset must be one of {', '.join(RESETTABLE)}.")
        changed[name] = None
    for name, member in LISTS.items():
        changed[member] = _edited(
            changed.get(member, ()), options.get(name), options.get(f"remove_{name}"), name
        )
    for member, on, off in (
        ("is_open_to_all_clients", "open_to_all_clients", "listed_clients_only"),
        ("shows_metadata", "show_metadata", "hide_metadata"),
        ("agents", "agents", "no_agents"),
        ("allows_personal_tokens", "allow_personal_tokens", "forbid_personal_tokens"),
    ):
        if options.get(on) or options.get(off):
            changed[member] = _is_on(options, on, off)
    changed["scopes"] = _scopes(changed.get("scopes", ()), options)
    return changed


def _is_on(options: Mapping[str, Any], on: str, off: str) -> bool:
    if options.get(on) and options.get(off):
        names = [f"--{name.replace('_', '-')}" for name in (on, off)]
        raise InvalidInputError(f"Use either {names[0]} or {names[1]}.")
    return bool(options.get(on))


def _edited(values: Iterable[str], added: Names, removed: Names, name: str) -> Sequence[str]:
    edited = list(dict.fromkeys([*values, *(added or ())]))
    for each in removed or ():
        value = key_of(each) if name == "alias" else each
        if value not in edited:
            raise InvalidInputError(f"--remove-{name}: the resource does not have {each}.")
        edited.remove(value)
    return edited


def _scopes(stored: Iterable[Mapping[str, Any]], options: Mapping[str, Any]) -> Sequence[Members]:
    """Return the scopes with the changes that options state, in the order of these."""
    scopes = {scope["name"]: dict(scope) for scope in stored}
    for name, sentence in pairs_of(options.get("scope"), option="--scope").items():
        scopes[name] = {**scopes.get(name, {"name": name}), "description": sentence}
    for text in options.get("scope_json") or ():
        scope = _scope_in(text)
        scopes[scope["name"]] = scope
    for name in options.get("remove_scope") or ():
        _scope_named(scopes, name, option="--remove-scope")
        del scopes[name]
    _translate(scopes, options)
    for on, names in ((True, "default_scope"), (False, "no_default_scope")):
        for name in options.get(names) or ():
            scope = _scope_named(scopes, name, option=f"--{names.replace('_', '-')}")
            scope["is_default"] = on
    for name, implied in _two_scopes(options, "implies"):
        scope = _scope_named(scopes, name, option="--implies")
        scope["implies"] = list(dict.fromkeys([*scope.get("implies", ()), implied]))
    for name, implied in _two_scopes(options, "remove_implied"):
        scope = _scope_named(scopes, name, option="--remove-implied")
        if implied not in scope.get("implies", ()):
            raise InvalidInputError(f"--remove-implied: {name} does not imply {implied}.")
        scope["implies"] = [each for each in scope["implies"] if each != implied]
    return list(scopes.values())


def _translate(scopes: Mapping[str, Members], options: Mapping[str, Any]) -> None:
    for key, sentence in pairs_of(options.get("translation"), option="--translation").items():
        name, language = _scope_and_language(key, option="--translation")
        scope = _scope_named(scopes, name, option="--translation")
        scope["translations"] = {**scope.get("translations", {}), language: sentence}
    for key in options.get("remove_translation") or ():
        name, language = _scope_and_language(key, option="--remove-translation")
        texts = dict(_scope_named(scopes, name, option="--remove-translation")["translations"])
        if texts.pop(language, None) is None:
            raise InvalidInputError(f"--remove-translation: there is none in {language}.")
        scopes[name]["translations"] = texts


def _scope_and_language(text: str, *, option: str) -> tuple[str, str]:
    name, colon, language = text.rpartition(":")
    if not (name and colon and language):
        raise InvalidInputError(f"{option} must begin with SCOPE:LANGUAGE, such as read:de.")
    return name, language


def _two_scopes(options: Mapping[str, Any], key: str) -> Iterable[tuple[str, str]]:
    for text in options.get(key) or ():
        name, equals, implied = text.partition("=")
        if not (name and equals and implied):
            raise InvalidInputError(f"--{key.replace('_', '-')} must be SCOPE=SCOPE.")
        yield name, implied


def _scope_named(scopes: Mapping[str, Members], name: str, *, option: str) -> Members:
    if name not in scopes:
        raise InvalidInputError(f"{option}: the resource has no scope {name}.")
    return scopes[name]


def _scope_in(text: str) -> Members:
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict) or not isinstance(members.get("name"), str):
        raise InvalidInputError("--scope-json must be a JSON object with a name.")
    return members
