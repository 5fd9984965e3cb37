"""Refusals of clients with a client ID metadata document."""

from app.i18n.messages import N_
from app.services.operations.refusal_rules.base import RefusalRule

RULES_OF_DOCUMENTS: tuple[RefusalRule, ...] = (
    RefusalRule(
        "document_url_invalid",
        N_("A client_id that begins with https:// must be the URL of a metadata document."),
        N_("The reason says what is wrong with the URL. Its publisher has to change it."),
        ("the URL ", "the host of the URL ", "the path of the URL "),
    ),
    RefusalRule(
        "document_not_fetched",
        N_("The metadata document of a client must be reachable: https, status 200, JSON."),
        N_("Open the client_id with `curl -i`. Its publisher has to fix what the reason says."),
        (
            "the document cannot be fetched: ",
            "the response to the request for the document ",
            "the document has the content type ",
            "the document is larger than ",
        ),
    ),
    RefusalRule(
        "document_invalid",
        N_("The metadata document of a client must be complete, and name its own URL."),
        N_("Its publisher has to fix what the reason says."),
        ("the document is not valid: ", "the client_id in the document "),
    ),
    RefusalRule(
        "document_throttled",
        N_("Metadata documents are fetched once a minute, and within a budget for each network."),
        N_("Wait a minute. If it happens often, the host of the document fails."),
        (
            "the document is no longer in memory",
            "the document was deleted meanwhile",
            "the document was fetched less than a minute ago",
            "too many documents are fetched ",
            "rate limit reached: first fetch of a document",
            "rate limit reached: fetch of a known document",
        ),
    ),
    RefusalRule(
        "document_not_wanted",
        N_("The settings must allow clients with a metadata document for the request."),
        N_("See CLIENT_DOCUMENTS, CLIENT_DOCUMENT_HOSTS and `postern clients blocked-hosts`."),
        (
            "documents are turned off",
            "documents of this host are not accepted: ",
            "the request names no resource, or one that is not for agents",
        ),
    ),
)
