"""The composition root and the services that it builds."""

from app.wiring.build import build_services
from app.wiring.parts import MAILS, OTP_SECRETS, UPSTREAM_SECRETS, make_backend, settings_box
from app.wiring.services import Services

__all__ = [
    "MAILS",
    "OTP_SECRETS",
    "UPSTREAM_SECRETS",
    "Services",
    "build_services",
    "make_backend",
    "settings_box",
]
