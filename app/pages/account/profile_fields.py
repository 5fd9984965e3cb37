"""The fields of `/account/profile`: standard claims that users provide about themselves."""

from dataclasses import dataclass

from app.i18n.messages import N_


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the form.

    `name` is a claim or a member of the `address` claim; `kind` is the `type` of the HTML input.
    """

    name: str
    label: str
    autocomplete: str = "off"
    kind: str = "text"
    hint: str = ""
    wrong: str = N_("Enter at most 200 characters.")
    is_readonly: bool = False


COMMON = (
    Field("name", N_("Name"), "name"),
    Field("given_name", N_("Given name"), "given-name"),
    Field("family_name", N_("Family name"), "family-name"),
    Field("nickname", N_("Nickname"), "nickname"),
    Field(
        "phone_number",
        N_("Phone number"),
        "tel",
        "tel",
        wrong=N_("Enter a phone number like +43 1 234567."),
    ),
)
"""The fields that the form always shows."""
ABOUT = (
    Field("middle_name", N_("Middle name"), "additional-name"),
    Field(
        "preferred_username",
        N_("Name in apps"),
        hint=N_("Apps always see your username here."),
        is_readonly=True,
    ),
    Field(
        "website",
        N_("Website"),
        "url",
        "url",
        wrong=N_("Enter an address that starts with https:// or http://."),
    ),
    Field(
        "picture",
        N_("Picture"),
        "photo",
        "url",
        hint=N_("A link to a picture on the web."),
        wrong=N_("Enter an address that starts with https:// or http://."),
    ),
    Field(
        "birthdate",
        N_("Date of birth"),
        "bday",
        hint=N_("Year, month and day, for example 1815-12-10."),
        wrong=N_("Enter a date like 1815-12-10."),
    ),
    Field("gender", N_("Gender"), "sex"),
    Field(
        "locale",
        N_("Language"),
        "language",
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
ADDRESS = (
    Field("street_address", N_("Street address"), "street-address"),
    Field("postal_code", N_("Postal code"), "postal-code"),
    Field("locality", N_("City"), "address-level2"),
    Field("region", N_("Region"), "address-level1"),
    Field("country", N_("Country"), "country-name"),
)
GROUPS = ((N_("About you"), ABOUT), (N_("Postal address"), ADDRESS))
"""The fields under "More"."""
