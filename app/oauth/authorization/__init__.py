"""The authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2).

`requests` reads what is asked, `sources` where it may be written (in the query, pushed, in a
request object), `interactions` says what a person has to do before it can be answered, and
`endpoint` goes from one to the next until it answers. `response_modes` is how the answer travels.
"""
