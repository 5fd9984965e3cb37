"""Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document).

A client names itself by the URL of a document that describes it. `members` reads a document,
`fetching` fetches one within `budgets` and caches it by `freshness`, and `documents` decides which
requests may use one, and stores it once a user has signed in.
"""
