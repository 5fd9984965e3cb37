"""The states of the pages of the console, in which every kind of value occurs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from app.pages.admin.charts import Bar, Chart
from app.pages.admin.client_kinds import KINDS
from app.pages.admin.dashboard import Step
from app.pages.admin.dashboard_charts import OTHERS, TONES
from app.pages.admin.forms import Field, FormView, Option
from app.pages.admin.navigation import NavigationLink, NavigationSection
from app.pages.admin.views import (
    Badge,
    Cell,
    Choice,
    Fact,
    FilterField,
    Link,
    Listing,
    ObjectView,
    Pager,
    Part,
    Search,
    Table,
)
from app.pages.support.view_models import SupportView, UserView

WHEN = datetime(2026, 11, 25, 9, 41, tzinfo=UTC)
LONG = "Bundesamt für außerordentlich lange Namen und Donaudampfschifffahrtsgesellschaften"
UNBROKEN = "an_extraordinarily_long_user_name_without_a_single_space_in_it_64"
AGENT_URL = f"https://me.github.io/{UNBROKEN}/{'a-long-path/' * 8}client.json"
ID = "3038e42d65f726975e02c9782e93f236"
ADA = UserView("Ada Lovelace", "ada", "AL", "s1")
LONG_USER = UserView(LONG, UNBROKEN, "BD", "s3")
NAVIGATION = [
    NavigationSection("Overview", [NavigationLink("Dashboard", "/admin", is_current=False)]),
    NavigationSection(
        "People",
        [
            NavigationLink("Users", "/admin/users", is_current=True),
            NavigationLink("Groups", "/admin/groups", is_current=False),
            NavigationLink("Roles", "/admin/roles", is_current=False),
            NavigationLink("Attributes", "/admin/attributes", is_current=False),
        ],
    ),
    NavigationSection("Server", [NavigationLink("Audit log", "/admin/audit", is_current=False)]),
]
CONSOLE: dict[str, Any] = {
    "user": ADA,
    "csrf_token": "c",
    "page_session_id": "s1",
    "errors": {},
    "navigation": NAVIGATION,
    "can_change": True,
    "done": "",
}
TABLE = Table(
    columns=["Username", "Email", "State", "Created"],
    rows=[
        [
            Cell("ada", url="/admin/users/1", small="Ada Lovelace"),
            Cell("ada@example.com", badges=[Badge("verified", "good")]),
            Cell(badges=[Badge("console", "note")]),
            Cell(at=WHEN),
        ],
        [
            Cell(UNBROKEN, url="/admin/users/2", small=LONG),
            Cell(f"{UNBROKEN}@example.com"),
            Cell(badges=[Badge("disabled", "bad"), Badge("not set up")]),
            Cell(at=WHEN),
        ],
        [Cell("layla", url="/admin/users/3", small="ليلى الأحمد"), Cell(), Cell(), Cell(at=WHEN)],
        [Cell("bob", url="/admin/users/4"), Cell(words="None"), Cell(), Cell(at=WHEN)],
    ],
    empty="Users appear here.",
)
LISTING = Listing(
    heading="Users",
    table=TABLE,
    links=[Link("Create a user", "/admin/users/+new", is_main=True)],
    search=Search(
        "Find users", "", "Beginnings of the username, the email address or words of the name."
    ),
    choices=[
        Choice("All", "/admin/users", is_current=True),
        Choice("Not signed in for 90 days", "/admin/users?inactive=90", is_current=False),
    ],
    pager=Pager("/admin/users", "/admin/users?after=x"),
)
EMPTY = Listing(
    heading="Groups",
    table=Table(
        columns=["Name"],
        rows=[],
        empty=(
            "Groups appear here. Create one, add members, and apps receive it in the claim groups. "
            "The roles of a group apply to all its members."
        ),
    ),
    introduction="Groups give their members roles, and decide which apps they can use.",
    links=[Link("Create a group", "/admin/groups/+new", is_main=True)],
)
OBJECT = ObjectView(
    title="ada",
    back=Link("Users", "/admin/users"),
    badges=[Badge("console", "note")],
    links=[
        Link("Edit", "/admin/users/1/edit"),
        Link("Sign out", "/admin/users/1/sign-out"),
        Link("Delete", "/admin/users/1/delete", is_danger=True),
    ],
    facts=[
        Fact("Name", Cell("Ada Lovelace")),
        Fact("Email", Cell("ada@example.com", badges=[Badge("verified", "good")])),
        Fact("User ID", Cell(ID, is_code=True)),
        Fact("Created", Cell(at=WHEN)),
        Fact("Last sign-in", Cell(words="Never")),
        Fact("Website", Cell(UNBROKEN)),
    ],
    parts=[
        Part(
            "Groups",
            Table(
                columns=["Group", "Given by", "Actions"],
                rows=[
                    [
                        Cell("Operators", url="/admin/groups/1"),
                        Cell(words="Administrators"),
                        Cell(links=[Link("Remove", "/admin/groups/1/members/1")]),
                    ],
                    [Cell(LONG, url="/admin/groups/2"), Cell("provider:corporate"), Cell()],
                ],
                empty="",
            ),
            links=[Link("Add to a group", "/admin/users/1/groups")],
        ),
        Part(
            "Roles",
            Table(columns=["Role"], rows=[], empty="No role, apart from those of the groups."),
            links=[Link("Grant a role", "/admin/users/1/roles")],
        ),
    ],
)
WEBHOOK = ObjectView(
    title=f"https://crm.example.com/{UNBROKEN}/events?key={UNBROKEN}",
    back=Link("Webhooks", "/admin/webhooks"),
    badges=[Badge("failing", "bad")],
    links=[
        Link("Edit", "/admin/webhooks/1/edit"),
        Link("Send a test event", "/admin/webhooks/1/test"),
        Link("Replace secret", "/admin/webhooks/1/secret"),
        Link("Disable", "/admin/webhooks/1/disable", is_danger=True),
        Link("Delete", "/admin/webhooks/1/delete", is_danger=True),
    ],
    facts=[Fact("Failing since", Cell(at=WHEN))],
    parts=[
        Part(
            "Deliveries",
            Table(
                columns=["Event", "State", "When", "Attempts", "Next attempt", "Last error"],
                rows=[
                    [
                        Cell(words="Group member removed", small="group.member_removed"),
                        Cell(badges=[Badge("pending", "note")]),
                        Cell(at=WHEN),
                        Cell("3"),
                        Cell(at=WHEN),
                        Cell(f"cannot be fetched: the certificate is not valid for {UNBROKEN}"),
                    ],
                    [
                        Cell(
                            words="Sign-in refused",
                            small="sign_in.refused",
                            badges=[Badge("1234 times")],
                        ),
                        Cell(badges=[Badge("delivered", "good")]),
                        Cell(at=WHEN),
                        Cell("1"),
                        Cell(),
                        Cell(),
                    ],
                ],
                empty="",
            ),
            links=[Link("Show all deliveries", "/admin/webhooks/1/deliveries")],
        ),
        Part(
            "Groups",
            Table(
                columns=["Value of the claim", "Group", "Actions"],
                rows=[
                    [
                        Cell(UNBROKEN * 3),
                        Cell(LONG, url="/admin/groups/1"),
                        Cell(links=[Link("Remove", "/admin/providers/work/mappings/1")]),
                    ]
                ],
                empty="",
            ),
            links=[
                Link("Map a group", "/admin/providers/work/mappings/+new"),
                Link("Change the claim", "/admin/providers/work/claim"),
            ],
        ),
    ],
)
AGENT = ObjectView(
    title="A coding agent",
    back=Link("Agents", "/admin/agents"),
    badges=[Badge("not verified", "note")],
    introduction="The name, and what the document says, are statements of its publisher.",
    links=[Link("Block the host", "/admin/agents/aHR0cHM6/block", is_danger=True)],
    facts=[
        Fact("Client ID", Cell(AGENT_URL, is_code=True)),
        Fact("Host", Cell("me.github.io")),
        Fact("Users who allowed it", Cell("12")),
        Fact("Last token", Cell(at=WHEN)),
        Fact("Fresh until", Cell(at=WHEN)),
    ],
    parts=[
        Part(
            "Document",
            Table(
                columns=["Member", "Value"],
                rows=[
                    [Cell("client_name", is_code=True), Cell("A coding agent")],
                    [
                        Cell("redirect_uris", is_code=True),
                        Cell(f'["http://localhost/callback", "{AGENT_URL}"]'),
                    ],
                ],
                empty="",
            ),
        ),
        Part(
            "Consents",
            Table(
                columns=["User", "Scopes", "Resources", "Allowed"],
                rows=[
                    [
                        Cell(UNBROKEN, url="/admin/users/1"),
                        Cell("openid profile offline_access"),
                        Cell(f"https://api.example.com/{UNBROKEN} read write"),
                        Cell(at=WHEN),
                    ]
                ],
                empty="",
            ),
            links=[Link("Show all consents", "/admin/agents/aHR0cHM6/consents")],
        ),
        Part(
            "Tokens",
            Table(
                columns=["User", "Scopes", "Actors", "Since", "Expires"],
                rows=[
                    [
                        Cell("ada", url="/admin/users/1"),
                        Cell("openid"),
                        Cell(
                            f"client:reports, client:{AGENT_URL}",
                            small=f"for a token of {AGENT_URL}",
                        ),
                        Cell(at=WHEN),
                        Cell(at=WHEN),
                    ]
                ],
                empty="",
            ),
        ),
    ],
)
BLOCKED_HOSTS = Listing(
    heading="Blocked hosts",
    introduction="Agents whose metadata document is at one of these hosts are refused.",
    links=[
        Link("Block a host", "/admin/blocked-hosts/+new", is_main=True),
        Link("Agents", "/admin/agents"),
    ],
    table=Table(
        columns=["Host", "Blocked", "Actions"],
        rows=[
            [
                Cell(f"{'a-very-long-label-of-a-host.' * 4}example.com"),
                Cell(at=WHEN),
                Cell(links=[Link("Unblock", "/admin/blocked-hosts/a/unblock")]),
            ],
            [
                Cell("agent.example"),
                Cell(at=WHEN),
                Cell(links=[Link("Unblock", "/admin/blocked-hosts/b/unblock")]),
            ],
        ],
        empty="",
    ),
)
INITIAL_ACCESS_TOKENS = Listing(
    heading="Initial access tokens",
    introduction="Anyone who holds one of these tokens can register clients.",
    links=[Link("Create a token", "/admin/initial-access-tokens/+new", is_main=True)],
    table=Table(
        columns=["Token ID", "Note", "Created", "Expires", "Actions"],
        rows=[
            [
                Cell("0123456789abcdef" * 2, is_code=True),
                Cell(note, words="None"),
                Cell(at=WHEN),
                Cell(at=WHEN),
                Cell(links=[Link("Revoke", "/admin/initial-access-tokens/a/revoke")]),
            ]
            for note in ("", "A team", UNBROKEN)
        ],
        empty="",
    ),
)
FIELDS = [
    Field("name", "Name", hint="Apps receive it in the claim groups.", is_required=True),
    Field("description", "Description", maximum=1000),
    Field(
        "type",
        "Type",
        kind="select",
        options=(Option("string", "Text"), Option("list", "List of texts")),
        is_required=True,
    ),
    Field("email_verified", "The email address is verified", kind="check"),
    Field(
        "events",
        "Events",
        kind="checks",
        options=(Option("user.created", "User created"), Option("user.deleted", LONG)),
        is_required=True,
    ),
    Field("password", "Password", kind="password", is_required=True),
]
FORM = FormView(
    heading="Create a group",
    fields=FIELDS,
    values={
        "name": "Operators",
        "type": "list",
        "email_verified": "1",
        "events": "user.created user.deleted",
    },
    submit="Create group",
    cancel_url="/admin/groups",
)
CONFIRM = FormView(
    heading="Delete this group?",
    object_name=LONG,
    introduction=(
        "Its members lose the roles and the access to apps that they have through it. Their "
        "accounts stay."
    ),
    fields=[],
    values={},
    submit="Delete group",
    cancel_url="/admin/groups/1",
    version="1",
    is_danger=True,
)
EVENTS = Table(
    columns=["When", "Event", "By", "About", "Address"],
    rows=[
        [
            Cell(at=WHEN, url="/admin/audit/12"),
            Cell(words="Signed in", small="sign_in.succeeded"),
            Cell("ada", url="/admin/users/1"),
            Cell("ada", url="/admin/users/1", small="photos"),
            Cell("2001:db8:85a3::8a2e:370:7334"),
        ],
        [
            Cell(at=WHEN),
            Cell("group.created", badges=[Badge("refused", "bad")]),
            Cell("operator:root"),
            Cell(LONG),
            Cell(),
        ],
    ],
    empty="",
)
RULES = [
    ("", "Any"),
    ("pkce", "The code_verifier must match the code_challenge (PKCE, RFC 7636)."),
]
SENTENCE = "Encrypts the TOTP secrets and the signing keys."
AUDIT: dict[str, Any] = {
    **CONSOLE,
    "listing": Listing(
        heading="Audit log",
        table=EVENTS,
        links=[Link("Download as CSV", "/admin/audit/events.csv")],
        filter=[
            FilterField("rule", "Rule", "pkce", "select", 0, options=RULES),
            FilterField("user", "Username or user ID", "ada", "text", 64),
            FilterField("action", "Event begins with", "", "text", 60, "sign_in"),
            FilterField("since", "From", "2026-11-01", "date", 10),
            FilterField("until", "To", "", "date", 10),
        ],
        pager=Pager(next_url="/admin/audit?after_event=9"),
    ),
    "action": "/admin/audit",
}
SETTINGS = ObjectView(
    title="Settings in force",
    introduction="They are set in the environment or in .env. Secrets are not shown.",
    parts=[
        Part(
            "Secrets and registration",
            Table(
                columns=["Setting", "Value", "State"],
                rows=[
                    [
                        Cell("SECRET_KEY", small=f"{SENTENCE} " * 3, lang="en", is_code=True),
                        Cell(words="set"),
                        Cell(badges=[Badge("changed", "note")]),
                    ],
                    [
                        Cell("DATABASE_URL", small=SENTENCE, lang="en", is_code=True),
                        Cell(f"postgresql://ada:***@{UNBROKEN}", is_code=True),
                        Cell(badges=[Badge("default")]),
                    ],
                ],
                empty="",
            ),
        )
    ],
)
SNIPPET = {
    "heading": "Set up oauth2-proxy",
    "back": Link(LONG, "/admin/clients/1"),
    "introduction": "The secret isn't part of it.",
    "snippet": f"client_id = '{ID}'\nredirect_url = 'https://{UNBROKEN}/<oauth2>/callback'\n",
}
DAY = date(2026, 11, 25)
CHARTS = [
    Chart(
        name="sign-ins",
        heading="Sign-ins",
        summary="1234 succeeded and 56 refused in 14 days",
        bars=[Bar(x=20 * day, y=70 - 4 * day, width=16, height=10 + 4 * day) for day in range(14)]
        + [Bar(x=260, y=10, width=16, height=8, tone="bad")],
        table=Table(
            ["Day", "Succeeded", "Refused"], [[Cell(DAY.isoformat()), Cell("12"), Cell("3")]], ""
        ),
    ),
    Chart(
        name="tokens",
        heading="Tokens",
        summary="1234567 token responses in 14 days",
        bars=[Bar(x=20 * day, y=30, width=16, height=50) for day in range(14)],
        table=Table(["Day", "Tokens"], [[Cell(DAY.isoformat()), Cell("1234567")]], ""),
    ),
    Chart(
        name="refusals",
        heading="Refusals by reason",
        summary="56 refused requests in 14 days",
        bars=[
            Bar(x=260, y=80 - 12 * number, width=16, height=12, tone=tone)
            for number, tone in enumerate((*TONES, OTHERS), start=1)
        ],
        legend={tone: f"{UNBROKEN}_{tone[:7]}" for tone in (*TONES, OTHERS)},
        table=Table(
            ["Day", "Rule", "Requests"],
            [[Cell(DAY.isoformat()), Cell("refresh_token_reused"), Cell("56")]],
            "",
        ),
    ),
]
DASHBOARD = {
    **CONSOLE,
    "steps": [],
    "charts": CHARTS,
    "parts_below": [Part("Recent activity", EVENTS, [Link("Show the audit log", "/admin/audit")])],
}
CLIENT_KINDS = Listing(
    heading="What kind of app is it?",
    links=[Link("Cancel", "/admin/clients")],
    table=Table(
        columns=["Kind", "Description"],
        rows=[
            [Cell(words=kind.label, url="/admin/clients/+new/web"), Cell(words=kind.explanation)]
            for kind in KINDS.values()
        ],
        empty="",
    ),
)
CLIENT_SECRET = {
    "heading": "Copy the secret now",
    "object_name": LONG,
    "introduction": "It is shown once. Keep it on the server of the app only.",
    "facts": [
        Fact("Client ID", Cell(ID, is_code=True)),
        Fact("Issuer", Cell("https://id.example.com", is_code=True)),
    ],
    "secret": UNBROKEN,
    "next_url": "/admin/clients/1",
}
NO_ACCESS = {
    "user": ADA,
    "errors": {},
    "csrf_token": "c",
    "switch_url": "/login?other=1",
    "support": SupportView("help@example.com", "mailto:help@example.com"),
}
ACTION = {"action": "/admin/groups/+new"}

CONSOLE_STATES: dict[str, tuple[str, Mapping[str, Any]]] = {
    "console-list": ("admin_list.html", {**CONSOLE, "listing": LISTING}),
    "console-list-read": (
        "admin_list.html",
        {
            **CONSOLE,
            "user": LONG_USER,
            "can_change": False,
            "listing": replace(LISTING, links=[], choices=[], pager=Pager()),
        },
    ),
    "console-list-empty": (
        "admin_list.html",
        {**CONSOLE, "listing": EMPTY, "done": "Deleted."},
    ),
    "console-object": ("admin_object.html", {**CONSOLE, "object": OBJECT}),
    "console-object-read": (
        "admin_object.html",
        {
            **CONSOLE,
            "user": LONG_USER,
            "can_change": False,
            "object": replace(OBJECT, title=UNBROKEN, badges=[Badge("disabled", "bad")]),
        },
    ),
    "console-object-saved": (
        "admin_object.html",
        {**CONSOLE, "object": OBJECT, "done": "Your changes have been saved."},
    ),
    "console-agent": ("admin_object.html", {**CONSOLE, "object": AGENT}),
    "console-blocked-hosts": ("admin_list.html", {**CONSOLE, "listing": BLOCKED_HOSTS}),
    "console-initial-access-tokens": (
        "admin_list.html",
        {**CONSOLE, "listing": INITIAL_ACCESS_TOKENS},
    ),
    "console-webhook": ("admin_object.html", {**CONSOLE, "object": WEBHOOK}),
    "console-form": ("admin_form.html", {**CONSOLE, **ACTION, "form": FORM}),
    "console-form-wrong": (
        "admin_form.html",
        {
            **CONSOLE,
            **ACTION,
            "form": FORM,
            "errors": {
                "name": "That group name is taken. Choose another one.",
                "type": "Choose an attribute that is defined.",
                "email_verified": "Check what you entered.",
                "events": "Choose at least one event.",
            },
        },
    ),
    "console-confirm": ("admin_form.html", {**CONSOLE, **ACTION, "form": CONFIRM}),
    "console-confirm-stale": (
        "admin_form.html",
        {
            **CONSOLE,
            **ACTION,
            "form": CONFIRM,
            "errors": {
                "": (
                    "Someone else changed this after you opened the page. Check it, then confirm "
                    "again."
                )
            },
        },
    ),
    "console-client-kinds": ("admin_list.html", {**CONSOLE, "listing": CLIENT_KINDS}),
    "console-client-secret": ("admin_secret.html", {**CONSOLE, **CLIENT_SECRET}),
    "console-dashboard": ("admin_dashboard.html", DASHBOARD),
    "console-dashboard-new": (
        "admin_dashboard.html",
        {
            **DASHBOARD,
            "steps": [
                Step(
                    "Set up email, so that users can reset their passwords (SMTP_HOST).", "", True
                ),
                Step(
                    "Make a second user an administrator, so that nobody is locked out.",
                    "/admin/roles/administrator",
                    is_done=False,
                ),
            ],
            "charts": [replace(each, bars=(), table=Table([], [], "")) for each in CHARTS],
            "parts_below": [Part("Recent activity", EMPTY.table)],
        },
    ),
    "console-audit": ("admin_list.html", AUDIT),
    "console-settings": ("admin_object.html", {**CONSOLE, "object": SETTINGS}),
    "console-snippet": ("admin_snippet.html", {**CONSOLE, **SNIPPET}),
    "console-audit-wrong": (
        "admin_list.html",
        {
            **AUDIT,
            "errors": {
                "user": "There is no user with that name.",
                "since": "Enter a date like 2026-11-25.",
            },
            "listing": replace(AUDIT["listing"], table=EMPTY.table, pager=Pager()),
        },
    ),
    "console-no-access": ("admin_no_access.html", NO_ACCESS),
    "console-no-access-long": (
        "admin_no_access.html",
        {**NO_ACCESS, "user": LONG_USER, "support": None},
    ),
}
