"""The protocol rules of the standards, without an HTTP framework and without SQL.

| RFC | what | file |
|---|---|---|
| 6749 §2.3 | client authentication | client_auth/ |
| 6749 §3.1, OpenID Connect Core §3.1.2 | authorization endpoint | authorization/ |
| 6749 §3.1.2, 8252 §7.3 | redirect URIs | redirect_uris.py |
| 6749 §3.2 | token endpoint | dispatcher.py, requests.py |
| 6749 §3.3 | scope | scopes.py |
| 6749 §4.3, §4.4, §6 | grants | grants/ |
| 6749 §5.1 | issuing tokens | issuer.py |
| 6749 §5.2, 6750 §3.1 | errors | errors.py |
| 6750 | bearer tokens at a protected resource | bearer.py |
| 7009 | revocation | revocation.py |
| 7523 §2.1 | JWTs of trusted issuers | trusted_assertions.py, grants/jwt_bearer.py |
| draft ID-JAG §4.4 | Identity assertions of other servers | received_identities/ |
| 7523, OpenID Connect Core §9 | private_key_jwt | client_auth/private_key_jwt.py |
| 7591, 7592 | registration, client metadata | registration.py, client_metadata.py |
| 7636 | PKCE | pkce.py |
| 7662 | introspection | introspection.py |
| 8414, OpenID Connect Discovery | metadata | metadata.py |
| 8628 | device authorization | device.py, grants/device_code.py |
| 8707 | resource indicators | resource_indicators.py, resource_scopes.py |
| 9068 | JWT access tokens | access_jwts.py, access_token_reader.py |
| 9101 | request objects | request_objects.py |
| 9126 | pushed requests | authorization/pushed.py |
| 9449 | DPoP proofs, nonces, bound tokens | dpop/ |
| 9470 | step-up | authorization/interactions.py, access_jwts.py, introspection.py |
| OpenID Connect Core §2 | ID tokens | id_tokens.py |
| OpenID Connect Core §5 | claims, UserInfo | claims.py, userinfo.py |
| 7643 §4.1.2, 9068 §2.2.3.1 | groups, roles, mapped claims | claim_mappings.py |
| 6749 §4.1.2.1 | access policies | access_policy.py |
| OpenID Connect Core §8 | subjects, sectors | subjects.py, sectors.py |
| RP-Initiated, Back- and Front-Channel Logout | logout | logout.py, backchannel_logout.py |
| OpenID Connect RP-Initiated and Front-Channel Logout 1.0 | logout | logout.py |
| OpenID Connect Back-Channel Logout 1.0 | logout tokens | backchannel_logout.py |
"""
