"""`GET /.well-known/change-password` (A Well-Known URL for Changing Passwords, W3C)."""

from starlette.responses import Response

from app.pages.support import page_router, redirect
from app.pages.support.urls import ACCOUNT

router = page_router()


@router.get("/.well-known/change-password")
async def change_password() -> Response:
    """Redirect a password manager to the page that changes the password."""
    return redirect(f"{ACCOUNT}/password")
