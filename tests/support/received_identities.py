"""Identity assertions (ID-JAG) for tests, of a trusted issuer whose users sign in here."""

import secrets
from dataclasses import dataclass, replace
from typing import Any

import httpx

from app.models.oauth.resources import Resource
from app.models.oauth.trusted_issuers import TrustedIssuer
from app.oauth.grants.jwt_bearer import JWT_BEARER
from app.oauth.id_tokens import IDENTITY_ASSERTION_TYPE
from app.services.federation.identity_provider_rules import ExternalIdentity
from app.services.operations.authority import FULL
from tests.support.administration import add_provider
from tests.support.application import Application, TestClient, TestUser
from tests.support.client_jwts import SigningKey, signing_key
from tests.support.parts import services_of
from tests.support.resources import new_resource
from tests.support.trusted_issuers import issuer_body, workload_client

SUBJECT = "ada-at-work"


@dataclass(frozen=True)
class Employer:
    """A trusted issuer of identity assertions, and the client and the resource that they name."""

    app: Application
    row: TrustedIssuer
    key: SigningKey
    client: TestClient
    resource: Resource

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of an assertion that is accepted, with changes; None removes one."""
        now = int(self.app.clock.now().timestamp())
        claims = {
            "iss": self.row.issuer,
            "sub": SUBJECT,
            "aud": self.app.settings.issuer_url,
            "client_id": self.client.client_id,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 300,
            "resource": self.resource.identifier,
            "scope": "read",
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def assertion(self, **changes: Any) -> str:
        return self.key.sign(self.claims(**changes), typ=IDENTITY_ASSERTION_TYPE)

    async def present(
        self, assertion: str | None = None, *, client: TestClient | None = None, **form: str
    ) -> httpx.Response:
        """POST /token with an assertion that is accepted, or another one."""
        return await self.app.token(
            client or self.client,
            grant_type=JWT_BEARER,
            assertion=assertion or self.assertion(),
            **form,
        )

    async def claiming(self, **changes: Any) -> httpx.Response:
        return await self.present(self.assertion(**changes))

    async def change(self, **values: Any) -> "Employer":
        """Change the rules for identities, or other members of the trusted issuer."""
        rules = {name: values.pop(name) for name in RULES if name in values}
        return replace(self, row=await _changed(self, rules, values))

    async def link(self, user: TestUser, *, subject: str = SUBJECT) -> None:
        """Let a user sign in by a subject of the issuer."""
        services = services_of(self.app)
        row = await services.accounts.users.get(user.username)
        identity = ExternalIdentity(self.row.name, self.row.issuer, subject, "Ada")
        assert await services.federation.identity_providers.link(row, identity, label="Work")


RULES = ("email_domains", "accepted_for", "single_use", "create_users")


async def new_employer(app: Application, **values: Any) -> Employer:
    """Trust an issuer with a name of its own, which is an identity provider too."""
    client = await workload_client(app, scope="openid profile")
    resource = await new_resource(app, servers=[client.client_id])
    name, key = app.new_name("work"), signing_key()
    body = issuer_body(
        name,
        key=key,
        **{
            "audience": app.settings.issuer_url,
            "identities": {},
            "subjects": ["*"],
            "client_id": None,
            "presenters": [client.client_id],
            "scopes": ["read", "write", "profile"],
            "resources": [resource.name],
            **values,
        },
    )
    services = services_of(app)
    row = await services.oauth.trusted_issuers.create(body, authority=FULL)
    await add_provider(services, name, secret="x", issuer=row.issuer, client_id="postern")
    return Employer(app, row, key, client, resource)


async def _changed(
    employer: Employer, rules: dict[str, Any], values: dict[str, Any]
) -> TrustedIssuer:
    row = employer.row
    body = issuer_body(
        row.name,
        key=employer.key,
        **{
            "audience": row.audience,
            "identities": rules,
            "subjects": row.subjects.split(),
            "client_id": None,
            "presenters": row.presenters.split(),
            "scopes": row.scopes.split(),
            "resources": row.resource_names.split(),
            **values,
        },
    )
    return await services_of(employer.app).oauth.trusted_issuers.change(
        row.name, body, authority=FULL
    )
