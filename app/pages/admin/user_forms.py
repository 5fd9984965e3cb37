"""The user that a page is about, and the form of their profile."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from app.details import Detail
from app.errors import NotFoundError
from app.i18n.messages import N_
from app.models.accounts.users import User
from app.pages.admin.base import ConsoleRequest, ConsoleRequestDep
from app.pages.admin.forms import Field
from app.pages.admin.navigation import url_of
from app.pages.admin.object_forms import ObjectRequest
from app.pages.support import shown_version

PLACE = "users"
PATH = url_of(PLACE)
INVITE = "+invite"
VERIFIED = "email_verified"

USERNAME = Field(
    "username",
    N_("Username"),
    hint=N_("It can't be changed later."),
    is_required=True,
    maximum=64,
)
EMAIL = Field(
    "email",
    N_("Email"),
    wrong=N_("Enter an email address like name@example.com."),
    kind="email",
    maximum=254,
)
EMAIL_VERIFIED = Field(
    VERIFIED,
    N_("The email address is verified"),
    hint=N_("Only if you know that it belongs to the user, who can sign in with it."),
    kind="check",
)
NAME = Field("name", N_("Name"))
PASSWORD = Field(
    "password",
    N_("Password"),
    hint=N_("The user sets up a second factor at the first sign-in."),
    wrong=N_("Enter a password."),
    kind="password",
    is_required=True,
    maximum=256,
)
PROFILE = (
    NAME,
    Field("given_name", N_("Given name")),
    Field("family_name", N_("Family name")),
    Field("nickname", N_("Nickname")),
    EMAIL,
    EMAIL_VERIFIED,
    Field(
        "phone_number",
        N_("Phone number"),
        wrong=N_("Enter a phone number like +43 1 234567."),
    ),
    Field(
        "locale",
        N_("Language"),
        hint=N_("A language tag, for example en or de-AT."),
        wrong=N_("Enter a language tag like en or de-AT."),
    ),
    Field(
        "zoneinfo",
        N_("Time zone"),
        hint=N_("For example, Europe/Vienna."),
        wrong=N_("Enter a time zone like Europe/Vienna."),
    ),
)
CLAIMS = tuple(field.name for field in PROFILE if field.name != VERIFIED)


@dataclass(frozen=True, slots=True)
class UserRequest(ObjectRequest):
    """A request for a page about one user, who is not the administrator, or need not be."""

    subject: User

    @property
    def subject_url(self) -> str:
        return f"{PATH}/{self.subject.user_id}"

    @property
    def url(self) -> str:
        return self.subject_url

    @property
    def shown_name(self) -> str:
        return self.subject.username

    @property
    def version(self) -> str:
        return version_of(self.subject)


async def get_user_request(request: ConsoleRequestDep, user_id: str) -> UserRequest:
    """Return the request with its user; raise `NotFoundError` if the user is unknown."""
    subject = await request.services.accounts.users.find(user_id)
    if subject is None:
        raise NotFoundError(Detail.USER_UNKNOWN)
    return about_user(request, subject)


def about_user(request: ConsoleRequest, subject: User) -> UserRequest:
    return UserRequest(
        request.browser, request.fields, request.signed_in, request.authority, subject
    )


UserRequestDep = Annotated[UserRequest, Depends(get_user_request)]


def stored_profile(user: User) -> dict[str, str]:
    """Return the values of the form."""
    values = {name: str(user.claim_values.get(name, "")) for name in CLAIMS}
    return {**values, VERIFIED: "1" if user.standard_claims.verified_email is not None else ""}


def version_of(user: User) -> str:
    return shown_version(user.claims)
