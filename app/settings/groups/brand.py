"""The operator's brand: what the pages, mails and authenticator apps of the users show."""

from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from app.settings.groups.base import Default, ReadableFile, SettingsGroup
from app.settings.values import is_web_address

DEFAULT_OTP_LABEL = "ThisOAuthServer"


class BrandSettings(SettingsGroup):
    """Name, logo, colour and links of the operator."""

    title: ClassVar[str] = "Brand"
    introduction: ClassVar[str] = "[Brand and mail](brand-and-mail.md) shows where each appears."

    brand_name: str = Field(
        "Postern", min_length=1, max_length=60, description="The name on the pages and in mails."
    )
    brand_logo: ReadableFile | None = Field(
        None,
        description="The logo on the pages and in mails: a PNG, JPEG, GIF or WebP file.",
        examples=["/etc/postern/logo.png"],
    )
    brand_logo_dark: ReadableFile | None = Field(
        None,
        description="The logo for dark mode, if `BRAND_LOGO` is not readable on a dark background."
        " Set it together with `BRAND_LOGO`.",
        examples=["/etc/postern/logo-dark.png"],
    )
    brand_color: str = Field(
        "#1d4e89",
        pattern="^#[0-9a-fA-F]{6}$",
        description="The colour of buttons, with black or white text. Links have a shade of it that"
        " is readable on the page.",
    )
    support_contact: str | None = Field(
        None,
        max_length=200,
        description="Where users ask for help: an email address or a URL. The page for users who"
        " have no access to an app shows it.",
        examples=["help@example.com"],
    )
    help_url: str | None = Field(
        None,
        max_length=2000,
        description="Your help page, linked at the foot of the pages.",
        examples=["https://www.example.com/help"],
    )
    privacy_url: str | None = Field(
        None,
        max_length=2000,
        description="Your privacy policy, linked at the foot of the pages.",
        examples=["https://www.example.com/privacy"],
    )
    terms_url: str | None = Field(
        None,
        max_length=2000,
        description="Your terms of service, linked at the foot of the pages.",
        examples=["https://www.example.com/terms"],
    )
    otp_issuer: Annotated[
        str | None, Default(f"`BRAND_NAME` if it is set, otherwise `{DEFAULT_OTP_LABEL}`")
    ] = Field(
        None,
        min_length=1,
        max_length=64,
        pattern="^[^:]+$",
        description="The name shown in authenticator apps, without colons. An app keeps the name"
        " under which it was enrolled.",
    )

    @field_validator("support_contact")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None or is_web_address(value):
            return value
        if any(char.isspace() for char in value) or not all(value.partition("@")):
            raise ValueError("must be an email address or a URL such as https://help.example.com")
        return value

    @field_validator("help_url", "privacy_url", "terms_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and (
            any(char.isspace() for char in value) or not is_web_address(value)
        ):
            raise ValueError("must be a URL such as https://www.example.com/help")
        return value

    @property
    def otp_label(self) -> str:
        """The name in authenticator apps: OTP_ISSUER, or BRAND_NAME if only that is set.

        A colon ends the issuer in a key URI, so colons are removed from the brand name.
        """
        if self.otp_issuer is not None:
            return self.otp_issuer
        brand = self.brand_name if "brand_name" in self.model_fields_set else ""
        return " ".join(brand.replace(":", " ").split()) or DEFAULT_OTP_LABEL
