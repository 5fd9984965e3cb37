"""The composition root: one small builder per capability, and the bundles that they return."""

from app.wiring.accounts import Accounts
from app.wiring.backends import make_backend
from app.wiring.clients import Clients
from app.wiring.core import Core
from app.wiring.factors import Factors
from app.wiring.federation import Federation
from app.wiring.oauth import OAuth
from app.wiring.operations import Operations
from app.wiring.secret_boxes import settings_box
from app.wiring.services import Services, build_services

__all__ = [
    "Accounts",
    "Clients",
    "Core",
    "Factors",
    "Federation",
    "OAuth",
    "Operations",
    "Services",
    "build_services",
    "make_backend",
    "settings_box",
]
