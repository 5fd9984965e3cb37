"""Identity assertions (ID-JAG) of other servers, presented by the JWT bearer grant
(draft-ietf-oauth-identity-assertion-authz-grant section 4.4)."""
