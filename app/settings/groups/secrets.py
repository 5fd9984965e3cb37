"""The keys of the server, and registration of users."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from app.settings.groups.base import Default, SecretWords, SettingsGroup
from app.settings.values import is_utf8

SECRET_RECIPE = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'


class SecretSettings(SettingsGroup):
    """The key that encrypts, the administrator's token, and whether users can sign up."""

    title: ClassVar[str] = "Secrets and registration"

    secret_key: Annotated[
        SecretStr | None,
        Default("in development a generated one, stored as `secret_key` beside the database"),
    ] = Field(
        None,
        description="Encrypts the TOTP secrets and the signing keys. Production requires it, with"
        " at least 32 characters. Keep a copy: without it every authenticator app must be enrolled"
        " again.",
        examples=[f"the output of `{SECRET_RECIPE}`"],
    )
    secret_key_previous: SecretWords = Field(
        (),
        description="Other keys that are accepted for decryption, while `SECRET_KEY` changes.",
        examples=["the previous `SECRET_KEY`"],
    )
    secret_key_is_new: bool = Field(
        False,
        description="`1` starts with a `SECRET_KEY` that does not match the database because the"
        " old key is lost. Everything sealed under the old key is lost, too. Remove it after the"
        " first start.",
    )
    admin_token: SecretStr | None = Field(
        None,
        description="The administrator's token, sent as `Authorization: Bearer …`. Creates users"
        " where registration is closed, and clients in production. At least 32 characters in"
        " production. If it is unset, closed registration cannot be used.",
        examples=[f"the output of `{SECRET_RECIPE}`"],
    )
    registration: Annotated[
        Literal["open", "closed"] | None,
        Default("`open` in development, `closed` in production"),
    ] = Field(None, description="Whether users can sign up: `open` or `closed`.")

    @field_validator("secret_key", "admin_token")
    @classmethod
    def _is_text(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not is_utf8(value.get_secret_value()):
            raise ValueError("must be text in UTF-8")
        return value
