"""`postern issuers …`: trust the JWTs of other issuers, such as workloads."""

from typing import TYPE_CHECKING, Annotated, Any

from app.cli.attribute_values import pairs_of
from app.cli.base import with_services
from app.cli.bodies import json_in, parse_body
from app.cli.named_objects import NamedObjects, ObjectName
from app.cli.output import show_one
from app.cli.parameters import AsJson, one_of, option, whole_number
from app.cli.parsing import Commands
from app.errors import InvalidInputError
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.oauth.trusted_issuers import TrustedIssuer
    from app.wiring import Services

Texts = list[str] | None
ALGORITHMS = ("ES256", "EdDSA", "RS256", "PS256")

cli = Commands(
    "issuers", help="Trust tokens of other issuers: clusters, build services, cloud workloads."
)

UNREADABLE_KEYS = "--jwks: the file can't be read as JSON."


@cli.command("create")
def create(
    name: ObjectName,
    *,
    issuer: Annotated[str, option("--issuer", metavar="URL", help="The exact iss of its tokens.")],
    subject: Annotated[
        list[str],
        option(
            "--subject",
            metavar="PATTERN",
            help="The sub of its tokens; * stands for one segment between : or /, and with"
            " --identities alone for any sub. Can be repeated.",
        ),
    ],
    jwks_uri: Annotated[
        str | None, option("--jwks-uri", metavar="URL", help="Where it publishes its keys.")
    ] = None,
    jwks: Annotated[
        str | None, option("--jwks", metavar="FILE", help="A JWK Set instead of --jwks-uri.")
    ] = None,
    algorithm: Annotated[
        Texts, option("--algorithm", **one_of(ALGORITHMS), help="RS256 if none. Can be repeated.")
    ] = None,
    audience: Annotated[
        str | None,
        option(
            "--audience",
            metavar="URL",
            help="The aud of its tokens: this server's issuer, or a URL beneath it.",
            show_default="ISSUER",
        ),
    ] = None,
    client: Annotated[
        str | None, option("--client", metavar="ID", help="The client that the tokens stand for.")
    ] = None,
    user: Annotated[
        str | None, option("--user", metavar="NAME", help="The user that the tokens stand for.")
    ] = None,
    presenter: Annotated[
        Texts,
        option(
            "--presenter",
            metavar="ID",
            help="With --user or --identities: a client that may present them. Can be repeated.",
        ),
    ] = None,
    scope: Annotated[
        Texts, option("--scope", metavar="NAME", help="A scope to allow. Can be repeated.")
    ] = None,
    resource: Annotated[
        Texts, option("--resource", metavar="NAME", help="A resource to allow. Can be repeated.")
    ] = None,
    claim: Annotated[
        Texts,
        option(
            "--claim",
            metavar="NAME=VALUE",
            help="A claim that must have this value. Can be repeated.",
        ),
    ] = None,
    maximum_age: Annotated[
        int | None,
        option(
            "--maximum-age",
            **{**whole_number(), "metavar": "SECONDS"},
            help="Longest time between iat and exp, at most 86400.",
            show_default="3600",
        ),
    ] = None,
    identities: Annotated[
        bool,
        option(
            "--identities",
            help="Accept identity assertions (ID-JAG), each for its own user; needs --presenter.",
        ),
    ] = False,
    email_domain: Annotated[
        Texts,
        option(
            "--email-domain",
            metavar="DOMAIN",
            help="With --identities: a domain whose addresses the issuer owns. Can be repeated.",
        ),
    ] = None,
    accepted_for: Annotated[
        int | None,
        option(
            "--accepted-for",
            **{**whole_number(), "metavar": "SECONDS"},
            help="With --identities: longest time after iat, at most 3600.",
            show_default="600",
        ),
    ] = None,
    single_use: Annotated[
        bool, option("--single-use", help="With --identities: accept each assertion once only.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Trust an issuer: its tokens stand for one client, for one user, or for users of its own."""
    rules = _rules(email_domain, accepted_for=accepted_for, single_use=single_use)
    if rules and not identities:
        raise InvalidInputError(
            "--email-domain, --accepted-for and --single-use need --identities."
        )
    values: dict[str, Any] = {
        "name": name,
        "issuer": issuer,
        "jwks_uri": jwks_uri,
        "jwks": json_in(jwks, otherwise=UNREADABLE_KEYS) if jwks is not None else None,
        "algorithms": algorithm or ["RS256"],
        "subjects": subject,
        "client_id": client,
        "presenters": presenter or [],
        "scopes": scope or [],
        "resources": resource or [],
        "claims": pairs_of(claim, option="--claim"),
    }
    if identities:
        values["identities"] = rules
    if maximum_age is not None:
        values["maximum_age"] = maximum_age

    async def add(services: "Services") -> "TrustedIssuer":
        from app.schemas.trusted_issuers import TrustedIssuerBody

        values["audience"] = audience or services.core.settings.issuer_url
        values["user_id"] = (
            (await services.accounts.users.get(user)).user_id if user is not None else None
        )
        return await services.oauth.trusted_issuers.create(
            parse_body(TrustedIssuerBody, values), authority=FULL
        )

    show_one(_row(with_services(add)), as_json=as_json)


def _rules(email_domains: Texts, *, accepted_for: int | None, single_use: bool) -> dict[str, Any]:
    """Return the rules for identity assertions that options state."""
    rules: dict[str, Any] = {}
    if email_domains:
        rules["email_domains"] = email_domains
    if accepted_for is not None:
        rules["accepted_for"] = accepted_for
    if single_use:
        rules["single_use"] = True
    return rules


def _row(row: "TrustedIssuer") -> dict[str, Any]:
    from app.services.oauth.trusted_issuers import shown_issuer

    created_at = row.created_at.isoformat(timespec="seconds")
    return {"name": row.name, **shown_issuer(row), "created_at": created_at}


NamedObjects(
    service=lambda services: services.oauth.trusted_issuers,
    row=_row,
    what="a trusted issuer",
    list_help="List trusted issuers.",
    show_help="Show a trusted issuer.",
    delete_help="Refuse the tokens of an issuer from now on. Tokens of ours remain until they"
    " expire.",
).add_to(cli)
