"""What a person has to do before a request can be answered (OpenID Connect Core 3.1.2.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.clock import Clock
from app.models.authorization_requests import StoredRequest
from app.models.consents import Consent
from app.oauth.authorization.requests import AuthorizationRequest
from app.oauth.claims import scopes_of
from app.oauth.errors import (
    AccountSelectionRequiredError,
    ConsentRequiredError,
    InvalidRequestError,
    LoginRequiredError,
    OAuth2Error,
    UnmetAuthenticationRequirementsError,
)
from app.oauth.id_tokens import IdTokens
from app.oauth.redirect_uris import is_sure_of_its_client
from app.oauth.subjects import subject_of
from app.security import usernames
from app.services.consents import ConsentRequirement, ConsentService
from app.services.sessions import ACR_MFA, ACR_PASSWORD, SignedIn

ACR_VALUES = (ACR_PASSWORD, ACR_MFA)
SATISFIES = {ACR_MFA: ACR_VALUES, ACR_PASSWORD: (ACR_PASSWORD,)}
"""A sign-in of a class is also one of every weaker class."""
NO_TIME = timedelta(0)


class Step(StrEnum):
    """A page that is due; the value is its path."""

    LOGIN = "/login"
    CREATE_ACCOUNT = "/create-account"
    SELECT_ACCOUNT = "/select-account"
    CONSENT = "/consent"
    STEP_UP = "/login/step-up"


IN_SILENCE: dict[Step, type[OAuth2Error]] = {
    Step.LOGIN: LoginRequiredError,
    Step.CREATE_ACCOUNT: LoginRequiredError,
    Step.SELECT_ACCOUNT: AccountSelectionRequiredError,
    Step.CONSENT: ConsentRequiredError,
    Step.STEP_UP: LoginRequiredError,
}
"""What a client is told of a step where it asked for no page at all."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a request stands: the next step, or None, and who it is about.

    `consent` is what the user allowed the client before, where the next step is to ask for more.
    """

    step: Step | None
    person: SignedIn | None
    consent: Consent | None = None


class Interactions:
    def __init__(self, consents: ConsentService, id_tokens: IdTokens, clock: Clock) -> None:
        self._consents = consents
        self._id_tokens = id_tokens
        self._clock = clock

    async def position(
        self,
        request: AuthorizationRequest,
        signed_in: Sequence[SignedIn],
        *,
        kept: StoredRequest | None,
    ) -> Position:
        """`kept` remembers what was done while this request was under way.

        Raises an `OAuth2Error` that no page can mend.
        """
        subject = await self._subject_asked(request)
        session_id = kept.session_id if kept is not None else None
        person = _person(request, signed_in, subject=subject, session_id=session_id)
        is_chosen = person is not None and person.session.session_id == session_id
        if person is None and any(each.session.session_id == session_id for each in signed_in):
            raise LoginRequiredError(reason="another user than the one that is meant signed in")
        step = _sign_in_step(
            request,
            person,
            signed_in,
            is_chosen=is_chosen,
            subject=subject,
            now=self._clock.now(),
        )
        if step is not None or person is None:
            return Position(step or Step.LOGIN, person)
        _check_acr(request, person)
        if _is_step_up_due(request, person):
            return Position(Step.STEP_UP, person)
        allowed_in = kept.consent_session_id if kept is not None else None
        is_given = allowed_in == person.session.session_id
        required = await self._consent_requirement(request, person, is_given=is_given)
        if required.is_due:
            return Position(Step.CONSENT, person, required.consent)
        return Position(None, person)

    async def _subject_asked(self, request: AuthorizationRequest) -> str | None:
        """Whom the answer must be about: by `id_token_hint`, or the `sub` of the claims."""
        asked = (request.claims.id_token.get("sub") or {}).get("value")
        if request.id_token_hint is not None:
            hint = await self._id_tokens.read_hint(request.id_token_hint)
            if hint is None:
                raise InvalidRequestError("The id_token_hint is not valid.")
            return str(hint.sub)
        return asked if isinstance(asked, str) else None

    async def _consent_requirement(
        self, request: AuthorizationRequest, person: SignedIn, *, is_given: bool
    ) -> ConsentRequirement:
        return await self._consents.requirement(
            person.user,
            request.client,
            consent_scopes(request),
            is_forced="consent" in request.prompts,
            is_identity_sure=is_sure_of_its_client(request.client, request.target.redirect_uri),
            is_given=is_given,
        )


def consent_scopes(request: AuthorizationRequest) -> frozenset[str]:
    """What the person is asked about: the scopes, and those that the asked claims belong to."""
    return frozenset(request.scopes) | scopes_of(request.claims)


def acr_for(request: AuthorizationRequest, person: SignedIn) -> str:
    """The first class that was asked for and is met; else that of the sign-in."""
    met = _classes_met(person)
    return next((each for each in acrs_asked(request) if each in met), person.session.acr)


def acrs_asked(request: AuthorizationRequest) -> list[str]:
    """The classes that a client would like, the one it likes best first."""
    return [*_acrs_in_claims(request), *request.acr_values]


def _person(
    request: AuthorizationRequest,
    signed_in: Sequence[SignedIn],
    *,
    subject: str | None,
    session_id: str | None,
) -> SignedIn | None:
    """Who is meant: whom the request names, else who was chosen, else the current one."""
    if subject is not None:
        return next(
            (each for each in signed_in if subject_of(each.user, request.client) == subject), None
        )
    for each in signed_in:
        if each.session.session_id == session_id:
            return each
    key = usernames.key_or_none(request.login_hint) if request.login_hint else None
    for each in signed_in:
        if each.user.username_key == key:
            return each
    return signed_in[0] if signed_in else None


def _sign_in_step(
    request: AuthorizationRequest,
    person: SignedIn | None,
    signed_in: Sequence[SignedIn],
    *,
    is_chosen: bool,
    subject: str | None,
    now: datetime,
) -> Step | None:
    if "create" in request.prompts and not is_chosen:
        return Step.CREATE_ACCOUNT
    if person is None:
        return Step.LOGIN
    is_fresh = is_chosen and person.session.auth_time >= request.began_at
    if not is_fresh and _wants_fresh_sign_in(request, person, now=now):
        return Step.LOGIN
    is_open = len(signed_in) > 1 and subject is None and "none" not in request.prompts
    if not is_chosen and ("select_account" in request.prompts or is_open):
        return Step.SELECT_ACCOUNT
    return None


def _wants_fresh_sign_in(request: AuthorizationRequest, person: SignedIn, *, now: datetime) -> bool:
    """`max_age=0` means the same as `prompt=login` (section 3.1.2.1)."""
    if "login" in request.prompts or request.max_age == NO_TIME:
        return True
    age = now - person.session.auth_time
    return request.max_age is not None and age > request.max_age


def _classes_met(person: SignedIn) -> tuple[str, ...]:
    return SATISFIES.get(person.session.acr, (person.session.acr,))


def _check_acr(request: AuthorizationRequest, person: SignedIn) -> None:
    """Only an essential class must be met (section 5.5.1.1), if need be by another factor.

    Where no page may be shown it cannot be, and that has an error of its own (Unmet
    Authentication Requirements 1.0).
    """
    asked = request.claims.id_token.get("acr") or {}
    wanted = set(_acrs_in_claims(request))
    within_reach = _classes_met(person) if "none" in request.prompts else ACR_VALUES
    if asked.get("essential") and wanted and not wanted.intersection(within_reach):
        raise UnmetAuthenticationRequirementsError(reason="no essential acr value can be met")


def _is_step_up_due(request: AuthorizationRequest, person: SignedIn) -> bool:
    """Where the best liked class that there is here takes another factor (section 3.1.2.1)."""
    asked = acrs_asked(request)
    best = next((each for each in asked if each in ACR_VALUES), None)
    return best is not None and best not in _classes_met(person)


def _acrs_in_claims(request: AuthorizationRequest) -> list[str]:
    asked = request.claims.id_token.get("acr") or {}
    values = asked.get("values") or [asked.get("value")]
    return [each for each in values if isinstance(each, str)]
