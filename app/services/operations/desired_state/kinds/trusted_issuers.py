"""Trusted issuers in files of desired state, with their users by username."""

from collections.abc import Sequence

from app.errors import InvalidInputError, NotFoundError
from app.models.oauth.trusted_issuers import TrustedIssuer, trusted_issuers
from app.schemas.desired_state.trusted_issuers import TrustedIssuerState
from app.schemas.trusted_issuers import TrustedIssuerBody
from app.security import usernames
from app.services.accounts.users import UserService
from app.services.oauth.trusted_issuers import TrustedIssuerService, stated_issuer
from app.services.operations.authority import Authority
from app.services.operations.desired_state.kinds.base import Kind, Members, Step, Stored, stated

USER = "user"
WITHOUT_ORDER = ("algorithms", "subjects", "presenters", "scopes", "resources")
ALWAYS_STATED = ("scopes", "resources")
"""Lists that a file states even if they are empty: they are the most that a token gets."""
TrustedIssuerStep = Step[TrustedIssuerState, TrustedIssuer]


class TrustedIssuerKind(Kind[TrustedIssuerState, TrustedIssuer]):
    section, noun, table = "trusted_issuers", "trusted issuer", trusted_issuers
    model = TrustedIssuerState

    def __init__(self, *, trusted_issuers: TrustedIssuerService, users: UserService) -> None:
        self._trusted_issuers = trusted_issuers
        self._users = users

    async def stored(self) -> Sequence[Stored[TrustedIssuer]]:
        stored = [await self._stored(row) for row in await self._trusted_issuers.list_all()]
        return [each for each in stored if each is not None]

    def key_of(self, state: TrustedIssuerState) -> str:
        return state.name

    def name_of(self, state: TrustedIssuerState) -> str:
        return state.name

    def members_of(self, state: TrustedIssuerState) -> Members:
        return _compared(state.model_dump(mode="json", exclude_defaults=True))

    async def create(self, step: TrustedIssuerStep) -> None:
        await self._trusted_issuers.create(
            await self._body(step.state), owner=step.owner, authority=step.authority
        )

    async def change(self, step: TrustedIssuerStep, before: Stored[TrustedIssuer]) -> None:
        await self._trusted_issuers.change(
            before.row_id,
            await self._body(step.state),
            owner=step.owner,
            authority=step.authority,
        )

    async def delete(self, before: Stored[TrustedIssuer], authority: Authority) -> None:
        await self._trusted_issuers.delete(before.row_id, authority=authority)

    async def _stored(self, row: TrustedIssuer) -> Stored[TrustedIssuer] | None:
        """Return a row with the name of its user; None if that user was deleted, and it with it."""
        values = stated_issuer(row)
        user_id = values.pop("user_id")
        if user_id is not None:
            user = await self._users.find(user_id)
            if user is None:
                return None
            values[USER] = user.username
        members = TrustedIssuerState.model_validate(values).model_dump(
            mode="json", exclude_defaults=True
        )
        return Stored(
            key=row.name,
            name=row.name,
            row_id=row.name,
            owner=row.owner,
            version=row.version,
            members=_compared(members),
            exported=members,
            row=row,
        )

    async def _body(self, state: TrustedIssuerState) -> TrustedIssuerBody:
        members = state.model_dump(exclude={USER})
        if state.user is not None:
            members["user_id"] = await self._user_id(state.user)
        return TrustedIssuerBody.model_validate(members)

    async def _user_id(self, username: str) -> str:
        try:
            return (await self._users.get(username)).user_id
        except NotFoundError:
            raise InvalidInputError(
                f"there is no user {username}. Create or import the user first.", field=USER
            ) from None


def _compared(members: Members) -> Members:
    """Return members in the form in which they are compared: what has no order is sorted."""
    compared = dict(members)
    for name in WITHOUT_ORDER:
        if name in members:
            compared[name] = sorted(set(members[name]))
    if rules := members.get("identities"):
        domains = sorted(set(rules.get("email_domains", ())))
        compared["identities"] = {**rules, **({"email_domains": domains} if domains else {})}
    if USER in members:
        compared[USER] = usernames.key_or_none(members[USER]) or members[USER]
    return {**stated(compared), **{name: compared[name] for name in ALWAYS_STATED}}
