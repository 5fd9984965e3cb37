"""The icons of identity providers: recognised by the issuer, drawn by us, safe to serve."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from app.pages.support.assets import STATIC, assets_of, provider_icon
from app.pages.support.provider_icons import HOSTS, OTHER, PATHS, icon_of
from tests.support.parts import settings_for

FILES = sorted((STATIC / "providers").glob("*.svg"))
ALLOWED = {"svg", "rect", "path"}


@pytest.mark.parametrize(
    ("issuer", "icon"),
    [
        ("https://accounts.google.com", "google"),
        ("https://login.microsoftonline.com/1b2c/v2.0", "microsoft"),
        ("https://acme.ciamlogin.com/1b2c/v2.0", "microsoft"),
        ("https://appleid.apple.com", "apple"),
        ("https://gitlab.com", "gitlab"),
        ("https://ACME.okta.com/oauth2/default", "okta"),
        ("https://acme.eu.auth0.com/", "auth0"),
        ("https://sso.example.com/realms/acme", "keycloak"),
        ("https://sso.example.com:8443/auth/realms/acme", "keycloak"),
        ("https://auth.example.com/application/o/postern/", "authentik"),
        ("https://login.example.com", OTHER),
        ("https://accounts.google.com.evil.example", OTHER),
        ("https://evil-okta.com", OTHER),
        ("https://example.com/?accounts.google.com", OTHER),
        ("https://apple.com", OTHER),
        ("not a URL", OTHER),
    ],
)
def test_a_provider_is_recognised_by_its_issuer(issuer: str, icon: str) -> None:
    assert icon_of(issuer) == icon


def test_every_icon_is_a_file_and_every_file_is_an_icon() -> None:
    assert {file.stem for file in FILES} == {*HOSTS.values(), *PATHS.values(), OTHER}


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_an_icon_has_no_script_style_or_reference(file: Path) -> None:
    """PAGES: SVG files without inline styles or scripts; SECURITY_BAR row 31"""
    root = ElementTree.fromstring(file.read_text())

    for element in root.iter():
        assert element.tag.rpartition("}")[2] in ALLOWED
        assert not {name for name in element.attrib if name.startswith("on")}
        assert "style" not in element.attrib
        assert not any("url(" in value or "href" in name for name, value in element.items())


def test_an_icon_is_served_under_a_name_with_a_hash() -> None:
    asset = assets_of(settings_for("sqlite:///./never-opened.db"))[provider_icon("google")]

    assert asset.url.startswith("/assets/provider-google-")
    assert asset.media_type == "image/svg+xml"
