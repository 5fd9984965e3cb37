"""The operator's brand as the templates show it."""

from dataclasses import dataclass

from app.pages.support.assets import LOGO, LOGO_DARK, assets_of
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class BrandView:
    """Name, logo and links of the operator; what is not set is None."""

    name: str
    logo_url: str | None
    logo_dark_url: str | None
    help_url: str | None
    privacy_url: str | None
    terms_url: str | None


def brand_of(settings: Settings) -> BrandView:
    assets = assets_of(settings)
    logo, logo_dark = assets.get(LOGO), assets.get(LOGO_DARK)
    return BrandView(
        name=settings.brand_name,
        logo_url=logo.url if logo is not None else None,
        logo_dark_url=logo_dark.url if logo_dark is not None else None,
        help_url=settings.help_url,
        privacy_url=settings.privacy_url,
        terms_url=settings.terms_url,
    )
