"""What the standards say, without an HTTP framework and without SQL.

| RFC | what | file |
|---|---|---|
| 6749 §2.3 | client authentication | client_auth/ |
| 6749 §3.2 | token endpoint | dispatcher.py, requests.py |
| 6749 §3.3 | scope | scopes.py |
| 6749 §4.3, §4.4, §6 | grants | grants/ |
| 6749 §5.1 | issuing tokens | issuer.py |
| 6749 §5.2, 6750 §3.1 | errors | errors.py |
| 6750 | bearer tokens at a protected resource | bearer.py |
| 7009 | revocation | revocation.py |
| 7591 §2 | client metadata | registration.py |
| 7662 | introspection | introspection.py |
| 8414 | metadata | metadata.py |
"""
