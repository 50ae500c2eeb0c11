"""Every kind of page that operators come to, for the accessibility checks and ``make screenshots``: see ``page_table``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from playwright.sync_api import Page

from tests.support.pages import Row, Stage, click, go, then

_row = partial(Row, who="olga")


def _of(fact: str) -> Mapping[str, str]:
    return {"object_id": fact}


def _to_a_new_secret(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.issuer}/admin/oauth_server/client/{stage.facts['a_client']}/rotate-secret/")


OPERATOR_ROWS: Final = (
    _row("admin:index"),
    *(
        _row(f"admin:{model}_changelist")
        for model in (
            "identity_user", "identity_loginsession", "identity_upstream", "identity_invitation", "auth_group", "oauth_server_client",
            "oauth_server_tokenfamily", "oauth_server_refreshtoken", "oauth_server_accesstoken", "oauth_server_authorizationcode",
            "oauth_server_consent", "oauth_server_signingkey", "oauth_server_auditevent", "oauth_server_outboxmessage",
        )
    ),
    _row("admin:identity_user_changelist", "filters", deed=click("text=Filters")),
    _row("admin:identity_user_changelist", "chosen", deed=click("[name=_selected_action] >> nth=0")),
    _row("admin:identity_user_changelist", "nobody found", query="q=nobody-of-this-name"),
    _row("admin:identity_user_change", given=_of("a_person")),
    _row("admin:identity_user_history", given=_of("a_person")),
    _row("admin:identity_loginsession_change", given=_of("a_sign_in")),
    _row("admin:identity_upstream_change", given=_of("a_provider")),
    _row("admin:identity_invitation_add"),
    _row("admin:auth_group_add"),
    _row("admin:auth_group_add", "refused", deed=click("[name=_save]")),
    _row("admin:oauth_server_client_add"),
    _row("admin:oauth_server_client_change", given=_of("a_client")),
    _row("admin:oauth_server_client_rotate_secret", given=_of("a_client")),
    _row("admin:oauth_server_client_secret", status=0, deed=then(_to_a_new_secret, click("#id_confirm"))),
    _row("admin:oauth_server_client_secret", "seen before", given={"pk": "a_client"}),
    _row("admin:oauth_server_tokenfamily_change", given=_of("a_family")),
    _row("admin:oauth_server_consent_change", given=_of("a_consent")),
    _row("admin:oauth_server_signingkey_rotate"),
    _row("admin:oauth_server_signingkey_change", given=_of("a_key")),
    _row("admin:oauth_server_auditevent_change", given=_of("an_event")),
    Row("403", "for operators", who="nia", status=0, deed=go("/admin/")),
)  # fmt: skip
