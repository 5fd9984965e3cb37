"""The authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2).

`sources` collects the parameters of a request (from the query, a pushed request or a request
object) and `requests` parses them. `interactions` decides what the user has to do before the
request can be answered, and `pending` stores it in the meantime. `endpoint` leads from one
interaction to the next until it responds, and `response_modes` defines how the response is sent.
"""
