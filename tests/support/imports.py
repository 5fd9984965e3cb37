"""Users who are imported into a running application."""

from typing import Any

import pyotp

from app.services.accounts.imports.candidates import candidate_of
from app.services.operations.authority import FULL
from tests.support.application import Application, TestUser
from tests.support.parts import services_of


async def import_user(app: Application, *, password: str, **values: Any) -> TestUser:
    """Import a user with a confirmed TOTP secret."""
    user = TestUser(app.new_name(), password, pyotp.random_base32())
    row = {"username": user.username, "otp_secret": user.otp_secret, **values}
    imports = services_of(app).accounts.imports
    await imports.users.store(
        lambda: iter([candidate_of("line 1", row)]),
        candidates=1,
        skips_invalid=False,
        authority=FULL,
    )
    return user
