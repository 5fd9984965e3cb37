"""Keys of the configuration that snippets use, copied from where each product documents them."""

GRAFANA_SETTINGS = {
    "enabled",
    "name",
    "client_id",
    "scopes",
    "auth_url",
    "token_url",
    "api_url",
    "use_pkce",
    "use_refresh_token",
    "login_attribute_path",
    "name_attribute_path",
    "email_attribute_path",
    "groups_attribute_path",
    "role_attribute_path",
    "role_attribute_strict",
    "allow_assign_grafana_admin",
}
"""Grafana's documentation of `[auth.generic_oauth]`."""
ARGO_CD_SETTINGS = {"name", "issuer", "clientID", "clientSecret", "cliClientID", "requestedScopes"}
"""`OIDCConfig` in Argo CD's `util/settings/settings.go`."""
NEXTCLOUD_OPTIONS = {
    "--clientid",
    "--clientsecret",
    "--discoveryuri",
    "--scope",
    "--unique-uid",
    "--mapping-uid",
    "--mapping-display-name",
    "--mapping-email",
    "--mapping-quota",
    "--mapping-groups",
    "--group-provisioning",
}
"""`lib/Command/UpsertProvider.php` of `user_oidc`."""
OAUTH2_PROXY_SETTINGS = {
    "provider",
    "oidc_issuer_url",
    "client_id",
    "redirect_url",
    "scope",
    "email_domains",
    "code_challenge_method",
    "upstreams",
}
"""`pkg/apis/options` of oauth2-proxy."""
KUBECTL_OPTIONS = {"--exec-api-version", "--exec-interactive-mode", "--exec-command", "--exec-arg"}
"""`kubectl config set-credentials --help`."""
KUBELOGIN_OPTIONS = {"--oidc-issuer-url", "--oidc-client-id", "--oidc-extra-scope"}
"""`docs/usage.md` of kubelogin."""
