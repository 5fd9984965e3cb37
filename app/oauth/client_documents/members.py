"""What this server takes from the document of a client: public members only, checked as at
registration."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from app.details import Detail
from app.oauth.client_documents.errors import DocumentError
from app.oauth.client_metadata import DEFAULT_SCOPE, ClientRules
from app.oauth.errors import OAuth2Error
from app.oauth.scopes import OFFLINE_ACCESS, SCOPES
from app.schemas.client_policies import MAXIMUM_SCOPES, ClientPolicies
from app.schemas.registration import ClientRegister
from app.security.text import is_encodable

KEYS, PUBLIC = "private_key_jwt", "none"
METHODS = (KEYS, PUBLIC)
"""The methods of clients with a document, the preferred one first: they share no secret."""
GRANT_TYPES = ("authorization_code", "refresh_token")
METHOD, METHODS_SUPPORTED = "token_endpoint_auth_method", "token_endpoint_auth_methods_supported"
TAKEN = frozenset(
    {
        "client_name",
        "client_uri",
        "logo_uri",
        "tos_uri",
        "policy_uri",
        "contacts",
        "software_id",
        "software_version",
        "application_type",
        "jwks",
        "jwks_uri",
        "token_endpoint_auth_signing_alg",
        "dpop_bound_access_tokens",
        "scope",
    }
)
"""The members that are taken as they are. All others, if any, are ignored."""
ANY_PORT = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost)):\*(?=[/?]|$)")
"""A loopback URI for which any port is stated, as for every loopback URI."""


def read_members(body: bytes, *, url: str, rules: ClientRules) -> str:
    """Return the members of a document as JSON, by the columns of a client.

    Raises `DocumentError`.
    """
    document = _parse(body)
    if document.get("client_id") != url:
        raise DocumentError(
            Detail.DOCUMENT_OF_ANOTHER_CLIENT,
            reason="the client_id in the document is not its URL",
        )
    client = _checked(document, rules)
    own, policies = _scope_of(client)
    return json.dumps(
        {
            "client_name": client.client_name,
            "redirect_uris": " ".join(client.all_redirect_uris),
            "grant_types": " ".join(client.grant_types),
            "scope": own,
            "policies": policies,
            METHOD: client.token_endpoint_auth_method,
            "metadata": client.stated_metadata(),
        },
        ensure_ascii=False,
        sort_keys=True,
    )


def _parse(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise _invalid_document("the document is not JSON") from None
    if not isinstance(document, dict) or not is_encodable(document):
        raise _invalid_document("the document is not a JSON object")
    return document


def _checked(document: Mapping[str, Any], rules: ClientRules) -> ClientRegister:
    if document.get("client_secret") not in (None, "") or "client_secret_expires_at" in document:
        raise _invalid_document("the document has a client_secret")
    members = {
        **{name: value for name, value in document.items() if name in TAKEN},
        "grant_types": _grant_types(document),
        "response_types": ["code"],
        "redirect_uris": _redirect_uris(document),
        METHOD: _method(document),
    }
    if not isinstance(members.get("client_name"), str) or not members["client_name"].strip():
        raise _invalid_document("the client_name is missing")
    try:
        client = ClientRegister.model_validate(members)
        rules.check(client, before=None)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        member = ".".join(str(part) for part in problem["loc"][:2]) or "the document"
        raise _invalid_document(f"{member}: {problem['msg']}") from None
    except OAuth2Error as error:
        raise _invalid_document(error.reason or str(error.description)) from None
    return rules.without_unreachable_logos(client)


def _redirect_uris(document: Mapping[str, Any]) -> list[Any]:
    uris = document.get("redirect_uris")
    if not isinstance(uris, list) or not uris:
        raise _invalid_document("the redirect_uris are missing")
    return [ANY_PORT.sub(r"\1", uri) if isinstance(uri, str) else uri for uri in uris]


def _grant_types(document: Mapping[str, Any]) -> list[str]:
    """Return the grants of a document that it may have (RFC 7591 section 2: the code alone)."""
    stated = document.get("grant_types")
    if stated is None:
        return ["authorization_code"]
    names = [name for name in GRANT_TYPES if name in stated] if isinstance(stated, list) else []
    if "authorization_code" not in names:
        raise _invalid_document("the grant_types do not contain authorization_code")
    return names


def _method(document: Mapping[str, Any]) -> str:
    """Return how the client authenticates: the strongest method that both sides support."""
    stated, single = document.get(METHODS_SUPPORTED), document.get(METHOD)
    offered = stated if isinstance(stated, list) and stated else [single or PUBLIC]
    if isinstance(single, str) and "secret" in single:
        raise _invalid_document(f"the {METHOD} needs a shared secret")
    has_keys = document.get("jwks") is not None or document.get("jwks_uri") is not None
    for name in METHODS:
        if name in offered and (name != KEYS or has_keys):
            return name
    if KEYS in offered:
        raise _invalid_document(f"the method {KEYS} requires jwks or jwks_uri")
    raise _invalid_document("the document names no authentication method that is supported")


def _scope_of(client: ClientRegister) -> tuple[str, str | None]:
    """Return the scope of this server that the client may have, and the bound at resources."""
    if client.scope is None:
        return DEFAULT_SCOPE, None
    names = client.scope.split()
    if "refresh_token" in client.grant_types and OFFLINE_ACCESS not in names:
        names.append(OFFLINE_ACCESS)
    try:
        policies = ClientPolicies(allowed_scopes=tuple(names[:MAXIMUM_SCOPES]))
    except ValidationError:
        raise _invalid_document("the scope is malformed") from None
    return " ".join(name for name in names if name in SCOPES), policies.stored()


def _invalid_document(problem: str) -> DocumentError:
    return DocumentError(Detail.DOCUMENT_INVALID, reason=f"the document is not valid: {problem}")
