"""How far an administrator trusts a client."""

from typing import Literal

Trust = Literal["none", "verified", "first_party"]
