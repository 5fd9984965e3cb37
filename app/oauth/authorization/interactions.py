"""What a user has to do before a request can be answered (OpenID Connect Core 3.1.2.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.clock import Clock
from app.models.clients.consents import Consent
from app.models.oauth.authorization_requests import StoredRequest
from app.oauth.access_policy import may_use
from app.oauth.admin_access import missing_factor, scope_for_user
from app.oauth.authorization.requests import AuthorizationRequest
from app.oauth.claims import scopes_of
from app.oauth.descriptions import Description
from app.oauth.errors import (
    AccountSelectionRequiredError,
    ConsentRequiredError,
    InvalidRequestError,
    LoginRequiredError,
    OAuth2Error,
    UnmetAuthenticationRequirementsError,
    UserNotAllowedError,
)
from app.oauth.id_tokens import IdTokens
from app.oauth.login_methods import accepts_session
from app.oauth.redirect_uris import is_sure_of_its_client
from app.oauth.subjects import subject_of
from app.security import usernames
from app.services.accounts.entitlements import EntitlementService
from app.services.accounts.second_factor_policies import SecondFactorPolicies
from app.services.accounts.sessions import ACR_MFA, ACR_PASSWORD, SignedIn
from app.services.clients.consents import ConsentRequirement, ConsentService

ACR_VALUES = (ACR_PASSWORD, ACR_MFA)
SATISFIES = {ACR_MFA: ACR_VALUES, ACR_PASSWORD: (ACR_PASSWORD,)}
"""The classes that a sign-in of each class satisfies: its own and every weaker one."""
NO_TIME = timedelta(0)


class InteractionKind(StrEnum):
    """What the user has to do next, on a page; the pages know its URL."""

    LOGIN = "login"
    CREATE_ACCOUNT = "create_account"
    SELECT_ACCOUNT = "select_account"
    CONSENT = "consent"
    STEP_UP = "step_up"
    NO_ACCESS = "no_access"


PROMPT_NONE_ERRORS: dict[InteractionKind, type[OAuth2Error]] = {
    InteractionKind.LOGIN: LoginRequiredError,
    InteractionKind.CREATE_ACCOUNT: LoginRequiredError,
    InteractionKind.SELECT_ACCOUNT: AccountSelectionRequiredError,
    InteractionKind.CONSENT: ConsentRequiredError,
    InteractionKind.STEP_UP: LoginRequiredError,
    InteractionKind.NO_ACCESS: UserNotAllowedError,
}
"""The error for each required interaction if the client allows none (`prompt=none`)."""


@dataclass(frozen=True, slots=True)
class Position:
    """The next interaction that a request requires, or None, and the session of its user.

    `scope` is the part of the requested scope that the user can grant. `consent` is what the user
    allowed the client before, if the next step is to ask for more.
    """

    step: InteractionKind | None
    signed_in: SignedIn | None
    scope: str = ""
    consent: Consent | None = None


class Interactions:
    def __init__(
        self,
        *,
        consents: ConsentService,
        id_tokens: IdTokens,
        entitlements: EntitlementService,
        second_factor_policies: SecondFactorPolicies,
        clock: Clock,
    ) -> None:
        self._consents = consents
        self._id_tokens = id_tokens
        self._entitlements = entitlements
        self._second_factor_policies = second_factor_policies
        self._clock = clock

    async def position(
        self,
        request: AuthorizationRequest,
        signed_in: Sequence[SignedIn],
        *,
        stored: StoredRequest | None,
    ) -> Position:
        """Return the next interaction that a request requires, and the session of its user.

        `stored` is the stored request, with what the user has done for it so far. Raises an
        `OAuth2Error` if no page can satisfy the request.
        """
        subject = await self._subject_asked(request)
        session_id = stored.session_id if stored is not None else None
        current = _session_for(request, signed_in, subject=subject, session_id=session_id)
        is_chosen = current is not None and current.session.session_id == session_id
        if current is None and any(
            candidate.session.session_id == session_id for candidate in signed_in
        ):
            raise LoginRequiredError(reason="a user other than the requested one signed in")
        step = _sign_in_step(
            request,
            current,
            signed_in,
            is_chosen=is_chosen,
            subject=subject,
            now=self._clock.now(),
        )
        if step is not None or current is None:
            return Position(step or InteractionKind.LOGIN, current)
        entitlements = self._entitlements.lazily(current.user.user_id)
        if not await may_use(request.client, entitlements):
            return Position(InteractionKind.NO_ACCESS, current)
        scope = await scope_for_user(
            request.scope, client=request.client, user=entitlements, has_recent_factor=True
        )
        if request.scope and not scope:
            return Position(InteractionKind.NO_ACCESS, current)
        _check_acr(request, current)
        step = _factor_step(request, current, scope=scope, now=self._clock.now())
        if step is None and not await self._second_factor_policies.is_met(
            current, request.client, user=entitlements
        ):
            step = InteractionKind.STEP_UP
        if step is not None:
            return Position(step, current)
        consent_session_id = stored.consent_session_id if stored is not None else None
        is_allowed = consent_session_id == current.session.session_id
        requirement = await self._consent_requirement(
            request, current, scope=scope, is_granted=is_allowed
        )
        if requirement.is_due:
            return Position(InteractionKind.CONSENT, current, scope, requirement.consent)
        return Position(None, current, scope)

    async def _subject_asked(self, request: AuthorizationRequest) -> str | None:
        """Return the subject that the response must be about, or None.

        It is that of `id_token_hint`, or the `sub` in the `claims` parameter.
        """
        subject = (request.claims.id_token.get("sub") or {}).get("value")
        if request.id_token_hint is not None:
            hint = await self._id_tokens.read_hint(request.id_token_hint)
            if hint is None:
                raise InvalidRequestError(Description.ID_TOKEN_HINT_INVALID)
            return str(hint.sub)
        return subject if isinstance(subject, str) else None

    async def _consent_requirement(
        self, request: AuthorizationRequest, current: SignedIn, *, scope: str, is_granted: bool
    ) -> ConsentRequirement:
        return await self._consents.requirement(
            current.user,
            request.client,
            consent_scopes(request, scope),
            resources=request.granted,
            is_forced="consent" in request.prompts or request.details is not None,
            is_identity_sure=is_sure_of_its_client(request.client, request.target.redirect_uri),
            is_granted=is_granted,
        )


def consent_scopes(request: AuthorizationRequest, scope: str) -> frozenset[str]:
    """Return the scopes to consent to, including those that the requested claims belong to.

    `scope` is the part of the requested scope that the user can grant.
    """
    return frozenset(scope.split()) | scopes_of(request.claims)


def acr_for(request: AuthorizationRequest, current: SignedIn) -> str:
    """Return the first requested class that is satisfied, or else that of the sign-in."""
    satisfied = _classes_met(current)
    return next((acr for acr in acrs_asked(request) if acr in satisfied), current.session.acr)


def acrs_asked(request: AuthorizationRequest) -> list[str]:
    """Return the classes that a client requests, in order of preference."""
    return [*_acrs_in_claims(request), *request.acr_values]


def _session_for(
    request: AuthorizationRequest,
    signed_in: Sequence[SignedIn],
    *,
    subject: str | None,
    session_id: str | None,
) -> SignedIn | None:
    """Return the session of the user that a request is for.

    That is the user whom the request requires, else the session chosen for it, else the user
    of `login_hint`, else the current one.
    """
    if subject is not None:
        of_subject = (
            each for each in signed_in if subject_of(each.user, request.client) == subject
        )
        return next(of_subject, None)
    for candidate in signed_in:
        if candidate.session.session_id == session_id:
            return candidate
    key = usernames.key_or_none(request.login_hint) if request.login_hint else None
    for candidate in signed_in:
        if candidate.user.username_key == key:
            return candidate
    return signed_in[0] if signed_in else None


def _sign_in_step(
    request: AuthorizationRequest,
    current: SignedIn | None,
    signed_in: Sequence[SignedIn],
    *,
    is_chosen: bool,
    subject: str | None,
    now: datetime,
) -> InteractionKind | None:
    if "create" in request.prompts and not is_chosen:
        return InteractionKind.CREATE_ACCOUNT
    if current is None:
        return InteractionKind.LOGIN
    is_fresh = is_chosen and current.session.auth_time >= request.began_at
    if not is_fresh and _wants_fresh_sign_in(request, current, now=now):
        return InteractionKind.LOGIN
    is_ambiguous = len(signed_in) > 1 and subject is None and "none" not in request.prompts
    if not is_chosen and ("select_account" in request.prompts or is_ambiguous):
        return InteractionKind.SELECT_ACCOUNT
    if not accepts_session(request.client, current.session):
        return InteractionKind.LOGIN
    return None


def _wants_fresh_sign_in(
    request: AuthorizationRequest, current: SignedIn, *, now: datetime
) -> bool:
    """Return whether the user must sign in again.

    `max_age=0` means the same as `prompt=login` (section 3.1.2.1).
    """
    if "login" in request.prompts or request.max_age == NO_TIME:
        return True
    age = now - current.session.auth_time
    return request.max_age is not None and age > request.max_age


def _classes_met(current: SignedIn) -> tuple[str, ...]:
    return SATISFIES.get(current.session.acr, (current.session.acr,))


def _check_acr(request: AuthorizationRequest, current: SignedIn) -> None:
    """Check that an essential class can be satisfied, if need be with another factor.

    Other classes are voluntary (section 5.5.1.1). With `prompt=none` no page can ask for another
    factor; the error for this is that of Unmet Authentication Requirements 1.0.
    """
    acr_request = request.claims.id_token.get("acr") or {}
    requested = set(_acrs_in_claims(request))
    reachable = _classes_met(current) if "none" in request.prompts else ACR_VALUES
    if acr_request.get("essential") and requested and not requested.intersection(reachable):
        raise UnmetAuthenticationRequirementsError(reason="no essential acr value can be met")


def _factor_step(
    request: AuthorizationRequest, current: SignedIn, *, scope: str, now: datetime
) -> InteractionKind | None:
    """Return whether the user must sign in again, or give another factor.

    A scope of the admin API needs a second factor of the last minutes.
    """
    missing = missing_factor(scope, request.client, current.session, at=now)
    if missing == "sign_in":
        return InteractionKind.LOGIN
    is_due = missing is not None or _is_step_up_due(request, current)
    return InteractionKind.STEP_UP if is_due else None


def _is_step_up_due(request: AuthorizationRequest, current: SignedIn) -> bool:
    """Return whether the most preferred supported class needs another factor (section 3.1.2.1)."""
    requested = acrs_asked(request)
    preferred = next((acr for acr in requested if acr in ACR_VALUES), None)
    return preferred is not None and preferred not in _classes_met(current)


def _acrs_in_claims(request: AuthorizationRequest) -> list[str]:
    condition = request.claims.id_token.get("acr") or {}
    values = condition.get("values") or [condition.get("value")]
    return [value for value in values if isinstance(value, str)]
