"""The authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2).

`requests` reads what is asked and `sources` where it may be written (in the query, pushed, in a
request object). `interactions` says what a user has to do before a request can be answered, and
`pending` keeps it for a browser meanwhile. `endpoint` goes from one to the next until it answers,
and `response_modes` is how the answer travels.
"""
