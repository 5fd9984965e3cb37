"""Catalogue of the details of the product's errors: what users, operators and API clients read.

A detail is a constant that never repeats the input. Those that pages show are marked for
translation. The descriptions of protocol errors are in `app.oauth.descriptions`.
"""

from enum import unique

from app.errors import PublicText
from app.i18n.messages import N_


@unique
class Detail(PublicText):
    """Text of an error, with its `error` code unless that is the one of the error's class.

    `{field}` stands for the field that the error is about. Each caller names it in its own way.
    """

    # Accounts
    USERNAME_TAKEN = N_("That username is taken. Choose another one."), "username_taken"
    PREFERRED_USERNAME_DIFFERS = (
        "preferred_username is always the username. Leave it out.",
        "invalid_preferred_username",
    )
    PASSWORD_IS_OWN_NAME = (
        N_("Your password can't be your own name. Choose another one."),
        "password_is_username",
    )
    PASSWORD_IS_COMMON = (
        N_("This password is on the lists that attackers try first. Choose another one."),
        "common_password",
    )
    PASSWORD_IS_BLOCKED = (
        N_("This password isn't allowed here. Choose another one."),
        "blocked_password",
    )
    PASSWORD_CHANGED = N_("Your password was changed in the meantime. Sign in again.")
    CREDENTIALS_WRONG = "The username or the password is wrong."
    ALREADY_ENROLLED = "A second factor is already set up.", "already_enrolled"
    QR_CODE_MOVED = (
        "The QR code is in the response of POST /register_user. Use POST /enroll_otp to get a new "
        "one."
    )
    CLAIM_MISSING = "Cannot set {name}: the user has no such claim to verify."
    CLAIMS_CHANGED = N_("The claims were changed in the meantime. Try again.")
    USER_UNKNOWN = N_("There is no user with that name.")
    SIGN_UP_CLOSED = N_("Sign-up is closed. Ask your administrator for an account.")
    PASSWORD_RESET_OFF = N_(
        "Password reset is turned off. Ask your administrator to reset your password."
    )
    EMAIL_MISSING = "The user has no email address. Set one first.", "email_missing"
    EMAIL_NOT_VERIFIED = (
        "The user has no verified email address. Verify it first, or pass on a link yourself.",
        "email_not_verified",
    )
    EMAIL_ALREADY_VERIFIED = (
        "The email address is verified already.",
        "email_already_verified",
    )
    EMAIL_TAKEN = "Another account has verified this email address.", "email_taken"
    LINK_IS_ONLY_MAILED = (
        "The account has an administrative role. Its links are only sent by email.",
        "link_is_only_mailed",
    )
    INVITATION_UNKNOWN = "The user has no valid invitation.", "invitation_not_found"
    INVITATION_ACCEPTED = (
        "The user can sign in already. Send a link for a new password instead.",
        "invitation_accepted",
    )
    EMAIL_OFF = N_("Email isn't set up on this server. Ask your administrator.")
    ADMINISTRATOR_REQUIRED = (
        "This endpoint requires the administrator's token. Send it as a bearer token."
    )

    # Factors
    PASSKEYS_UNAVAILABLE = N_("Passkeys aren't available at this address.")
    PASSKEY_NOT_ADDED = N_("The passkey couldn't be added. Try again.")
    PASSKEY_KNOWN = N_("This passkey has already been added.")
    TOO_MANY_PASSKEYS = N_("You already have 20 passkeys. Remove one before you add another.")
    ONLY_WAY_TO_SIGN_IN = N_(
        "This is your only way to sign in. Set a password or add a passkey first."
    )
    LAST_SECOND_FACTOR = N_(
        "Your account needs a second factor. Set up an authenticator app or another passkey first."
    )

    # Identity providers
    PROVIDER_UNKNOWN = N_("There's no identity provider with that name.")
    PROVIDER_UNAVAILABLE = N_("This sign-in option isn't available right now. Choose another one.")
    PROVIDER_NAME_TAKEN = N_("A provider with this name already exists.")
    PROVIDER_ISSUER_TAKEN = N_("A provider with this issuer already exists.")
    PROVIDER_KEEPS_ISSUER = (
        "{field} can't be changed, because linked accounts belong to it. Add another provider."
    )
    PROVIDER_NAME_INVALID = N_("{field} must have 1 to 40 characters from a-z, 0-9 and -.")
    PROVIDER_ISSUER_INVALID = N_("{field} must be an https URL without a query or fragment.")
    PROVIDER_CLIENT_ID_INVALID = N_("{field} must have 1 to 300 characters.")
    PROVIDER_LABEL_INVALID = N_("{field} must have 1 to 100 characters.")
    PROVIDER_SCOPE_INVALID = N_("{field} must be names separated by spaces, including openid.")
    IDENTITY_ALREADY_LINKED = N_("That account is already connected to an account here.")

    # Personal access tokens
    PERSONAL_TOKEN_RESOURCE = N_("You can't create access tokens for this service.")
    PERSONAL_TOKEN_NAME = N_("Enter a name of 1 to 100 characters.")
    PERSONAL_TOKEN_DAYS = N_("Enter a number of days from 1 to 365.")
    PERSONAL_TOKEN_SCOPES = N_("Choose at least one permission.")
    TOO_MANY_PERSONAL_TOKENS = N_(
        "You already have 50 access tokens. Revoke one before you create another."
    )
    PERSONAL_TOKEN_UNKNOWN = (
        "The user has no personal access token with that ID.",
        "personal_token_not_found",
    )
    PERSONAL_TOKEN_NOT_CREATED = N_("Your account has changed. Sign in again, then try again.")

    # Clients
    CLIENT_UNKNOWN = N_("There is no client with that ID.")
    CLIENT_TOKEN_UNKNOWN = "The client has no valid token with that ID.", "token_not_found"
    CONSENT_UNKNOWN = "The user hasn't allowed this client anything.", "consent_not_found"
    CLIENT_NAME_TAKEN = "That client name is taken. Choose another one.", "client_name_taken"
    CLIENT_ID_TAKEN = (
        "That client ID is taken, or belonged to a client that was deleted. Choose another one.",
        "client_id_taken",
    )
    CLIENT_ID_INVALID = (
        "{field} must have 1 to 128 letters, digits and ._~-, but not look like a user's sub.",
        "client_id_invalid",
    )
    CLIENT_NOT_STORED = "The client could not be stored. Try again."
    CLIENT_HAS_NO_SECRET = "This client has no secret."
    PRESET_NEEDS_URL = "{field} is required: where users open the application."
    SNIPPET_NEEDS_SECRET = "This snippet is for clients that have a secret."
    SNIPPET_NEEDS_CODE_FLOW = "This snippet is for clients that have a redirect URI."
    SNIPPET_NEEDS_NO_QUERY = "This snippet is for clients whose redirect URI has no query."
    SNIPPET_VALUE_INVALID = "{field} has characters that a snippet must not contain."
    CLIENT_HAS_NO_PREVIOUS_SECRET = N_("No secret of this client is being replaced.")
    INVITATION_LABEL_INVALID = "{field} must have at most 200 characters, all printable."
    CLIENT_HAS_NO_LOGO = N_("This app has no logo.")

    # Authorization and logout requests that are not answered with a redirect
    CLIENT_NOT_REGISTERED = N_("This app isn't registered here."), "invalid_client"
    DOCUMENT_URL_INVALID = N_(
        "The app's ID isn't a web address that we accept. Ask whoever runs the app to fix it."
    )
    DOCUMENT_NOT_REACHED = N_(
        "We couldn't get the app's details from its website. Try again in a few minutes."
    )
    DOCUMENT_NOT_FOUND = N_(
        "The app's website doesn't have the details that we need. Tell whoever runs the app."
    )
    DOCUMENT_REDIRECTS = N_(
        "The app's details have moved to another address, which we don't follow. Tell whoever runs"
        " the app."
    )
    DOCUMENT_NOT_JSON = N_(
        "The app's website sent its details in the wrong format. Tell whoever runs the app."
    )
    DOCUMENT_TOO_LARGE = N_("The app's details are too large. Tell whoever runs the app.")
    DOCUMENT_OF_ANOTHER_CLIENT = N_(
        "The details that we got belong to a different app. Don't continue unless you trust the"
        " link, and tell whoever runs the app."
    )
    DOCUMENT_INVALID = N_(
        "The app's details are incomplete or not allowed here. Tell whoever runs the app."
    )
    DOCUMENT_BUSY = N_("We can't check this app right now. Try again in a minute.")
    DOCUMENTS_OFF = N_(
        "This server only accepts apps that are registered here. Ask your administrator to register"
        " the app."
    )
    DOCUMENT_HOST_NOT_ALLOWED = N_(
        "Apps from this website aren't allowed here. Ask your administrator to allow it."
    )
    DOCUMENT_HOST_BLOCKED = N_("Your administrator has blocked apps from this website.")
    DOCUMENT_NEEDS_AGENT_RESOURCE = N_(
        "This app can't be used for this service without being registered here. Ask your"
        " administrator."
    )
    DOCUMENT_REQUEST_REFUSED = N_(
        "The app asked for something that it can't have. Close this page, and tell whoever runs the"
        " app."
    )
    BLOCKED_HOST_INVALID = N_("The host must be a name such as app.example.com.")
    HOST_NOT_BLOCKED = N_("The host is not blocked."), "host_not_blocked"
    CLIENT_NOT_NAMED = N_("The app's request doesn't identify the app.")
    REDIRECT_URI_MISSING = (
        N_("The app's request doesn't say where to return to."),
        "invalid_redirect_uri",
    )
    REDIRECT_URI_NOT_REGISTERED = (
        N_("The app asked to return to an address that isn't registered for it."),
        "invalid_redirect_uri",
    )
    REQUEST_NOT_A_FORM = N_("Send the request as a form (application/x-www-form-urlencoded).")
    REQUEST_EXPIRED = (
        N_("This page has expired. Go back to the app and start again."),
        "expired_request",
    )
    REQUEST_COMPLETE = N_("This sign-in is already complete. Go back to the app."), "used_request"
    PUSHED_REQUEST_INVALID = (
        N_("This sign-in link has expired or has already been used. Start again from the app."),
        "invalid_request_uri",
    )
    ID_TOKEN_OF_ANOTHER_CLIENT = N_("The ID token in the request was issued to a different app.")
    USER_CODE_UNKNOWN = N_("This code is unknown or has expired. Start again on the device.")

    # Administration: access, client policies, groups and roles
    ADMIN_CREDENTIALS_REQUIRED = "Send ADMIN_TOKEN or an access token as a bearer token."
    ADMIN_CREDENTIALS_INVALID = "The token is unknown, expired or revoked."
    BODY_NOT_JSON = "Send the body as JSON, with the Content-Type of the documentation."
    ADMIN_SCOPE_IN_METADATA = (
        "{field} can't name scopes of the admin API. An administrator lists them for the client.",
        "admin_scope_in_metadata",
    )
    FAPI_AUTH_METHOD = (
        N_(
            "The FAPI 2.0 profile requires token_endpoint_auth_method private_key_jwt, "
            "tls_client_auth or self_signed_tls_client_auth."
        ),
        "fapi_profile",
    )
    FAPI_GRANT_TYPES = (
        N_(
            "The FAPI 2.0 profile allows only the grant types authorization_code, refresh_token "
            "and client_credentials."
        ),
        "fapi_profile",
    )
    FAPI_ALGORITHMS = (
        N_(
            "The FAPI 2.0 profile allows only PS256, ES256 and EdDSA. Change the algorithms that "
            "the client registered."
        ),
        "fapi_profile",
    )
    FAPI_REDIRECT_URIS = (
        N_(
            "The FAPI 2.0 profile requires https redirect URIs, or http on localhost, 127.0.0.1 "
            "or [::1]."
        ),
        "fapi_profile",
    )
    CURSOR_INVALID = (
        "The cursor isn't valid for this query. Start again without a cursor.",
        "cursor_invalid",
    )
    IF_MATCH_REQUIRED = "Read the object, and send its ETag in If-Match."
    GROUP_UNKNOWN = N_("There is no group with that ID."), "group_not_found"
    GROUP_NAME_TAKEN = N_("That group name is taken. Choose another one."), "group_name_taken"
    GROUP_IS_MAPPED = (
        N_(
            "An identity provider decides who is in this group. It can't have an administrative "
            "role."
        ),
        "group_is_mapped",
    )
    GROUP_IS_ADMINISTRATIVE = (
        N_("The group has an administrative role. No identity provider may decide who is in it."),
        "group_is_administrative",
    )
    GROUPS_CLAIM_INVALID = N_("{field} must have 1 to 64 characters.")
    GROUP_MAPPINGS_INVALID = N_("{field} can have up to 500 rows, with 1 to 256 characters each.")
    MEMBERSHIP_UNKNOWN = "The user isn't a member of this group.", "membership_not_found"
    MEMBERSHIP_OF_PROVIDER = (
        N_(
            "An identity provider gives this membership at each sign-in. Change its mapping "
            "instead."
        ),
        "membership_of_provider",
    )
    ROLE_UNKNOWN = N_("There is no role with that ID."), "role_not_found"
    ROLE_NAME_TAKEN = N_("That role name is taken. Choose another one."), "role_name_taken"
    ROLE_NAME_RESERVED = N_("administrator and auditor are reserved names."), "role_name_reserved"
    ROLE_IS_RESERVED = N_("This role always exists and can't be changed."), "role_reserved"
    ROLE_KEEPS_CLIENT = N_("A role stays with its client. Create another role instead.")
    ROLE_GRANT_UNKNOWN = "The user or group doesn't have this role.", "role_grant_not_found"
    SUBJECT_UNKNOWN = N_("There is no user or group with that ID."), "subject_not_found"

    # Administration: tokens, scopes, resources, trusted issuers
    INITIAL_ACCESS_TOKEN_UNKNOWN = (
        "There is no valid initial access token with that ID.",
        "initial_access_token_not_found",
    )
    SCOPE_UNKNOWN = N_("The catalogue has no scope with that name."), "scope_not_found"
    SCOPE_NAME_TAKEN = N_("The catalogue already has a scope with this name."), "scope_name_taken"
    SCOPE_NAME_RESERVED = (
        N_("This name is reserved for a scope of this server. Choose another one."),
        "scope_name_reserved",
    )
    SCOPE_KEEPS_NAME = "The name of a scope can't be changed. Create another one instead."
    TOO_MANY_SCOPES = N_("There are 500 scopes already. Delete one first.")
    RESOURCE_NOT_FOUND = N_("There is no resource with that name."), "resource_not_found"
    RESOURCE_NAME_TAKEN = N_("A resource with this name already exists."), "resource_name_taken"
    RESOURCE_IDENTIFIER_TAKEN = (
        N_("{field}: another resource has this identifier already, or has it as an alias."),
        "resource_identifier_taken",
    )
    RESOURCE_KEEPS_IDENTIFIER = (
        "{field} can't be changed, because it is the audience of tokens. Create another resource "
        "instead."
    )
    RESOURCE_IS_ISSUER = N_("{field} can't be the issuer, whose own endpoints take other tokens.")
    RESOURCE_IS_DEFAULT = (
        N_("Clients have this resource as their default. Give them another default first."),
        "resource_is_default",
    )
    RESOURCE_SERVER_IS_PUBLIC = (
        N_("{field} can only name confidential clients, which can authenticate."),
        "public_resource_server",
    )
    RESOURCE_NOT_ALLOWED = (
        N_(
            "The client may not request this resource. Add it to the requesters of the resource"
            " first."
        ),
        "resource_not_allowed",
    )
    RESOURCE_SCOPE_UNKNOWN = N_("The resource has no scope with that name.")
    RESOURCE_CLIENT_UNKNOWN = N_("The resource does not list that client.")
    TOO_MANY_RESOURCES = N_("There are 200 resources already. Delete one first.")
    ISSUER_NOT_FOUND = N_("There is no trusted issuer with that name."), "issuer_not_found"
    ISSUER_NAME_TAKEN = N_("A trusted issuer with this name already exists."), "issuer_name_taken"
    ISSUER_KEEPS_NAME = "The name of a trusted issuer can't be changed. Create another one instead."
    ISSUER_IS_OURS = N_("{field} can't be the issuer of this server."), "issuer_is_ours"
    ISSUER_AUDIENCE_FOREIGN = (
        N_("{field} must be the issuer of this server, or a URL beneath it."),
        "foreign_audience",
    )
    ISSUER_AUDIENCE_OF_IDENTITIES = (
        N_("{field} must be the issuer of this server, for identity assertions."),
        "foreign_audience",
    )
    ISSUER_FOR_PUBLIC_CLIENT = (
        N_("{field}: a client without authentication can't present the tokens of an issuer."),
        "public_client",
    )
    ISSUER_ADMIN_SCOPE_OF_USER = N_("{field} can't include scopes of the admin API for a user.")
    TOO_MANY_ISSUERS = N_("There are 200 trusted issuers already. Delete one first.")
    AUTHORIZATION_TYPE_NOT_FOUND = (
        "No type of authorization details has that name.",
        "authorization_type_not_found",
    )
    AUTHORIZATION_TYPE_NAME_TAKEN = (
        "A type of authorization details with this name already exists.",
        "authorization_type_name_taken",
    )
    AUTHORIZATION_TYPE_KEEPS_NAME = (
        "The name of a type of authorization details can't be changed. Create another one instead."
    )
    TOO_MANY_AUTHORIZATION_TYPES = (
        "There are 100 types of authorization details already. Delete one first."
    )

    # Administration: attributes, secrets, refusals, webhooks, imports
    ATTRIBUTE_UNKNOWN = N_("There is no attribute with that name."), "attribute_not_found"
    ATTRIBUTE_NAME_TAKEN = N_("An attribute with this name already exists."), "attribute_name_taken"
    ATTRIBUTE_KEEPS_TYPE = N_("The name and type of an attribute can't be changed.")
    ATTRIBUTE_NOT_DEFINED = "{field} isn't a defined attribute.", "attribute_not_defined"
    ATTRIBUTE_TYPE_WRONG = "{field} has a value of the wrong type.", "attribute_type"
    ATTRIBUTE_VALUE_INVALID = "{field} has a value that isn't allowed.", "attribute_value"
    ATTRIBUTE_NOT_EDITABLE = "You can't edit this attribute.", "attribute_not_editable"
    ATTRIBUTES_CHANGED = N_("The attributes were changed in the meantime. Try again.")
    TOO_MANY_ATTRIBUTES = N_("There are 200 attributes already. Delete one first.")
    CLAIM_NOT_FROM_USERS = (
        "Users edit this attribute themselves. It can't be the source of this claim.",
        "claim_not_vouched",
    )
    CLIENT_HAS_TWO_SECRETS = (
        "The client has two valid secrets already. Revoke the previous one first.",
        "two_secrets",
    )
    CLIENT_SECRET_INVALID = (
        "A secret must have 32 to 200 printable ASCII characters, without spaces.",
        "invalid_client_secret",
    )
    SECRET_OVERLAP_INVALID = "The overlap must be between zero and 90 days."
    SECRET_EXPIRY_PAST = "The expiry must be in the future."
    REFUSAL_UNKNOWN = (
        "There is no stored refusal with that request ID. The log of the server has all of them.",
        "refusal_not_found",
    )
    WEBHOOK_UNKNOWN = N_("There is no webhook with that ID."), "webhook_not_found"
    WEBHOOK_URL_INVALID = N_("{field} must be an https URL that isn't in a private network.")
    WEBHOOK_OVERLAP_INVALID = N_("The overlap must be between zero and 30 days.")
    TOO_MANY_WEBHOOKS = N_("There are 50 webhooks already. Delete one first.")
    IMPORT_OVERTAKEN = (
        "The file or the database changed during the import. Nothing was imported. Run the import "
        "again."
    )
    IMPORT_NOT_UNDONE = (
        "The import failed, and some of its users are stored. Run it again: it skips them."
    )

    # Pages
    CONSOLE_READ_ONLY = N_("You can read everything here, but only an administrator can change it.")
    SESSION_UNKNOWN = N_("This session has ended.")
    EVENT_UNKNOWN = N_("There is no event with that number.")
    FORM_OF_ANOTHER_ACCOUNT = N_(
        "You switched accounts. Nothing was changed. Open the page again with the account that you "
        "want to use."
    )
    FORM_UNREADABLE = N_("We couldn't read the form.")
    RESOURCE_MALFORMED = "Send one {field}, as a URI such as acct:ada@example.com."
    RESOURCE_UNKNOWN = "There is no information about this resource."
    CLIENT_CERTIFICATE_HEADER_REFUSED = (
        "The request has a header for client certificates that only a proxy may set. Remove it."
    )
    FILE_UNKNOWN = N_("This file doesn't exist.")
    API_DOCS_OFF = N_("The API documentation is turned off.")
    SWAGGER_UI_MISSING = N_("Swagger UI isn't installed.")
