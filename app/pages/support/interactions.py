"""Requests for pages of a sign-in or an authorization, which know where the browser continues."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import Response

from app.oauth.authorization.pending import Pending
from app.oauth.authorization.stale import expired
from app.pages.support.continuation import Continuation, continuation_of
from app.pages.support.forms import Errors, Fields
from app.pages.support.negotiation import remember_ui_locales
from app.pages.support.page_requests import PageRequest, PageRequestDep
from app.pages.support.view_models import ClientView, view_of_client


@dataclass(frozen=True, slots=True)
class InteractionRequest(PageRequest):
    """A request for a page between the start of a sign-in and its continuation.

    `pending` is the authorization request that the page belongs to, or None if it has none.
    """

    continuation: Continuation
    pending: Pending | None

    @property
    def client(self) -> ClientView | None:
        if self.pending is None:
            return None
        authorization_request = self.pending.request
        return view_of_client(
            self.browser.request,
            authorization_request.client,
            authorization_request.target.redirect_uri,
        )

    def link(self, path: str, **parameters: str) -> str:
        """Return the URL of a page that leads to the same continuation."""
        return self.continuation.link(path, **parameters)

    def interaction_page(
        self,
        template: str,
        errors: Errors | None = None,
        *,
        posts_end_here: bool = False,
        hidden_fields: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Response:
        """Return a page whose forms pass on the continuation, and further `hidden_fields`.

        With a pending request, its form may end at the client, unless `posts_end_here`.
        """
        return self.page(
            template,
            errors,
            posts_may_end_at_client=self.pending is not None and not posts_end_here,
            client=self.client,
            request_id=self.continuation.request_id,
            further={**self.continuation.hidden_fields, **(hidden_fields or {})},
            **values,
        )


async def load_interaction(
    request: PageRequest, stored: Fields | None = None
) -> InteractionRequest:
    """Return the interaction of a request by its fields, or by fields that were `stored` earlier.

    The page uses the `ui_locales` of the pending request. Raise `UntrustedRequestError` if it is
    unknown, has expired or was completed.
    """
    fields = stored if stored is not None else request.fields
    continuation, pending = continuation_of(request.browser.request, fields), None
    if continuation.request_id:
        pending = await request.services.oauth.authorization.find(continuation.request_id)
        remember_ui_locales(request.browser.request, pending.request.ui_locales)
    return InteractionRequest(request.browser, fields, continuation, pending)


async def get_interaction_request(request: PageRequestDep) -> InteractionRequest:
    return await load_interaction(request)


InteractionRequestDep = Annotated[InteractionRequest, Depends(get_interaction_request)]


async def get_pending(request: InteractionRequestDep) -> Pending:
    """Return the pending authorization request, or raise `UntrustedRequestError` without one."""
    if request.pending is None:
        raise expired("the page has no pending request")
    return request.pending


PendingDep = Annotated[Pending, Depends(get_pending)]
"""The pending authorization request of a page that is only shown for one."""
