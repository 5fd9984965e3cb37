"""Rate limits."""

from typing import Annotated, ClassVar

from pydantic import Field, SecretStr, field_validator

from app.settings.groups.base import Default, SettingsGroup


class LimitSettings(SettingsGroup):
    """How many attempts are allowed, and where they are counted."""

    title: ClassVar[str] = "Rate limits"
    introduction: ClassVar[str] = (
        "An address is an IPv4 address or an IPv6 /64; the surrounding /48 has limits ten times as"
        " high. After 100 failed attempts at an account from networks that it does not know, these"
        " networks share one back-off, whatever you set here"
        " ([decision 0011](decisions/0011-limits-that-delay.md))."
        " The tests of these limits are listed in [the security bar](security-bar.md)."
    )

    login_limit: int = Field(
        10,
        ge=1,
        le=100_000,
        description="Wrong passwords a minute for one account. Then each further attempt is"
        " delayed, twice as long each time.",
    )
    login_limit_address: int = Field(
        60,
        ge=1,
        le=1_000_000,
        description="Wrong passwords a minute from one address, likewise.",
    )
    code_limit: int = Field(
        5, ge=1, le=100_000, description="Wrong one-time codes for one account, likewise."
    )
    token_error_limit: int = Field(
        60,
        ge=1,
        le=1_000_000,
        description="Errors a minute at the token endpoint, for one client from one address, and"
        " wrong tokens at the admin API from one address. A correct secret is never refused.",
    )
    registration_limit: Annotated[
        int | None, Default("`60` in production, `0` (no limit) in development")
    ] = Field(
        None,
        ge=0,
        le=1_000_000,
        description="Sign-ups an hour from one address, through `/register_user` and the pages."
        " `0` disables the limit.",
    )
    dynamic_registration_limit: Annotated[
        int | None, Default("`300` in production, `0` (no limit) in development")
    ] = Field(
        None,
        ge=0,
        le=1_000_000,
        description="Dynamic client registrations (`POST /register`) an hour from one address,"
        " counted separately from users. `0` disables the limit.",
    )
    authorization_request_limit: Annotated[
        int | None, Default("`600` in production, `0` (no limit) in development")
    ] = Field(
        None,
        ge=0,
        le=100_000,
        description="Stored authorization requests a minute from one network (an IPv6 /64), and"
        " request objects that are fetched for them. `0` disables the limit. Requests from a"
        " browser with a valid session are not counted; pushed and device requests of an"
        " authenticated client are counted by client, with ten times that limit.",
    )
    admin_api_limit: int = Field(
        600,
        ge=1,
        le=1_000_000,
        description="Requests a minute to the admin API, for each user or client that sends them.",
    )
    redis_url: SecretStr | None = Field(
        None,
        description="Count in Redis or Valkey instead of the database: `redis://`, `rediss://` or"
        " `unix://`. Needs the extra `postern-server[redis]`.",
        examples=["redis://localhost:6379/0"],
    )
    remember_browser_days: Annotated[int, Default("never")] = Field(
        0,
        ge=0,
        le=90,
        description="For how many days a trusted browser is not asked for a code. `0` disables"
        " trusted browsers.",
    )

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        schemes = ("redis://", "rediss://", "unix://")
        if value is not None and not value.get_secret_value().startswith(schemes):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value
