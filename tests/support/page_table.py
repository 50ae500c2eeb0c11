"""Every page that a person can come to: one table for the accessibility checks and for ``make screenshots``.

A row is a page in one state. A new address without a row fails tests/architecture/test_pages_table.py: it belongs into ROWS, or into
NO_PAGE with the reason why nobody ever looks at it.
"""

from __future__ import annotations

from typing import Final

from tests.support.furnished import LONG
from tests.support.pages import (
    Row,
    allowed,
    asked_by,
    by_there,
    click,
    fault,
    fill,
    finished_twice,
    from_there,
    go,
    invited,
    signed_in,
    staying,
    then,
    type_mailed_code,
    without_cookies,
)

_NEWCOMER = then(from_there, go("/account/login/newcomer/new/"))
_NEW_SERVICE = fill({"name": "Night train"})
_MAILED_CODE = then(go("/account/login/code/"), fill({"email": "nia@people.example"}))
_TO_CODE = then(go("/account/signup/by-passkey/"), fill({"username": "sue", "email": "sue@people.example"}))
_OWN = {"pk": "own_web"}

_FAR = f"https://{'long.' * 12}example/{'path/' * 12}callback"

ROWS: Final = (
    # -- to sign in and up
    Row("account_login"),
    Row("account_login", "wrong password", deed=fill({"login": "nia", "password": "wrong"})),
    Row("account_login", "for an application", status=0, deed=asked_by("calendar")),
    Row("account_login", "again", who="nia", query="prompt=login"),
    Row("account_signup"),
    Row("account_signup", "refused", deed=fill({"username": "nia", "email": "nia@people.example", "password1": "password12"})),
    Row("account_signup", "invited", status=0, deed=invited),
    Row("account_signup_by_passkey"),
    Row("account_signup_by_passkey", "refused", deed=fill({"username": "nia", "email": "new@people.example"})),
    Row("account_signup_code", status=0, deed=_TO_CODE),
    Row("account_signup_code", "wrong code", status=0, deed=then(_TO_CODE, fill({"code": "ABCDEF"}))),
    Row("account_signup_passkey", status=0, deed=then(_TO_CODE, type_mailed_code("sue@people.example"))),
    Row("mfa_authenticate", status=0, deed=signed_in("bo")),
    Row("mfa_authenticate", "wrong code", status=0, deed=then(signed_in("bo"), fill({"code": "000000"}))),
    Row("account_invitation", "over", given={"secret": "nothing"}, status=410),
    Row("account_request_login_code"),
    Row("account_confirm_login_code", status=0, deed=_MAILED_CODE),
    Row("account_confirm_login_code", "wrong code", status=0, deed=then(_MAILED_CODE, fill({"code": "ABCDEF"}))),
    Row("account_login_more", who="nia", status=0, deed=asked_by("bank")),
    Row("account_terms", status=0, deed=fault("terms", "/account/login/terms/")),
    Row("account_reauthenticate", who="nia"),
    Row("mfa_reauthenticate", who="ada"),
    Row("mfa_reauthenticate_webauthn", who="ada"),
    Row("upstream_home"),
    Row("upstream_home", "unknown", deed=fill({"email": "ada@nowhere.example"})),
    Row("upstream_start", status=0, deed=staying("**/authorize?*", go("/account/login/"), click("#id_with_there"))),
    Row("upstream_callback", "refused", given={"slug": "there"}, query="state=unknown&code=x", status=400),
    Row("upstream_newcomer", status=0, deed=from_there),
    Row("upstream_sign_up", status=0, deed=_NEWCOMER),
    Row("upstream_confirm_link", status=0, deed=then(from_there, signed_in("nia"), go("/account/login/newcomer/link/"))),
    Row("account_set_password", status=0, deed=then(by_there, go("/account/password/set/"))),
    # -- mailed links
    Row("account_reset_password"),
    Row("account_reset_password_done"),
    Row("account_reset_password_from_key", given={"uidb36": "person", "key": "reset"}),
    Row("account_reset_password_from_key", "used", given={"uidb36": "person", "key": "no-such"}),
    Row("account_reset_password_from_key_done"),
    Row("account_email_verification_sent"),
    Row("account_confirm_email", given={"key": "confirmation"}),
    Row("account_confirm_email", "used", given={"key": "no-such"}),
    Row("account_inactive"),
    # -- asked by an application
    Row("consent", who="nia", status=0, deed=asked_by("calendar")),
    Row("consent", "of a stranger", who="nia", status=0, deed=asked_by("web_id", redirect_uri=_FAR)),
    Row("consent", "nothing to share", who="nia", status=0, deed=asked_by("calendar", scope="openid")),
    Row("consent", "stale", who="nia", given={"interaction": "unknown"}, status=400),
    Row("consent", "finished", who="nia", status=0, deed=finished_twice),
    Row("select_account", who="nia", status=0, deed=asked_by("calendar", prompt="select_account")),
    Row("authorize", "unknown application", query="client_id=nobody", status=400),
    Row("authorize", "on the way back by form", who="nia", status=0, deed=staying("**/form_post.js", asked_by("intranet", scope="openid", response_mode="form_post"))),
    # -- the account, with much in it and, where that looks different, with nothing
    *(
        Row(name, who="ada")
        for name in (
            "account_overview", "account_profile", "account_email", "account_appearance", "account_change_password", "mfa_index",
            "account_connections", "account_sessions", "account_activity", "account_privacy", "account_delete", "portal",
        )
    ),
    *(Row(name, who="nia") for name in ("account_overview", "mfa_index", "account_connections", "connected_apps", "portal")),
    Row("account_profile", "refused", who="ada", deed=fill({"website": "https://" + "x" * 300})),
    Row("account_email", "refused", who="ada", deed=then(lambda page, stage: page.fill("#id_email", "ada@people.example"), click("[name=action_add]"))),
    Row("account_username", who="ada"),
    Row("account_username", "refused", who="ada", deed=fill({"username": "nia"})),
    Row("account_change_password", "refused", who="ada", deed=fill({"oldpassword": "wrong", "password1": "short", "password2": "shorter"})),
    Row("account_delete", "refused", who="ada", deed=fill({"username": "somebody"})),
    Row("connected_app", who="ada", status=0, deed=then(allowed, go("/account/apps/"), click("main .list-title a"))),
    Row("connected_apps", who="ada"),
    Row("mfa_activate_totp", who="nia"),
    Row("mfa_activate_totp", "wrong code", who="nia", deed=fill({"code": "000000"})),
    Row("mfa_deactivate_totp", who="ada"),
    Row("mfa_view_recovery_codes", who="ada"),
    Row("mfa_view_recovery_codes", "seen before", who="ada"),
    Row("mfa_generate_recovery_codes", who="ada"),
    Row("mfa_add_webauthn", who="nia"),
    Row("mfa_edit_webauthn", who="ada", given={"pk": "passkey"}),
    Row("mfa_remove_webauthn", who="ada", given={"pk": "passkey"}),
    # -- developers
    Row("portal_new", who="ada"),
    *(Row("portal_create", kind, who="ada", given={"kind": kind}) for kind in ("web", "service")),
    Row("portal_create", "refused", who="ada", given={"kind": "web"}, deed=fill({"name": LONG, "redirect_uris": "http://evil.example/#x"})),
    *(Row("portal_application", kind, who="ada", given={"pk": f"own_{kind}"}) for kind in ("web", "service")),
    Row("portal_edit", who="ada", given=_OWN),
    Row("portal_activity", who="ada", given=_OWN),
    Row("portal_delete", who="ada", given=_OWN),
    Row("portal_secret", who="ada", status=0, deed=then(go("/portal/new/service/"), _NEW_SERVICE)),
    Row("portal_application", "disabled", who="ada", status=0, deed=then(go("/portal/"), click("text=Night train"), click("text=Disable"))),
    # -- to sign out
    Row("account_logout", who="ada"),
    Row("end_session", who="ada"),
    Row("signed_out"),
    Row("signed_out", "still signed in", who="ada"),
    Row("upstream_leaving", status=0, deed=staying("**/logout?*", by_there, go("/account/logout/"), click("#id_logout"))),
    # -- what went wrong
    Row("404", status=0, deed=go("/nowhere/")),
    Row("404", who="ada", status=0, deed=go("/portal/999999/")),
    Row("405", who="ada", status=0, deed=go("/account/sessions/end-others/")),
    Row("csrf", status=0, deed=without_cookies),
    *(Row(status, status=0, deed=fault(status)) for status in ("400", "403", "429", "500", "503", "busy")),
)  # fmt: skip

# The rows that are looked at in other languages too: one of each kind of page, those with the longest words first.
TRANSLATED: Final = frozenset(
    {
        "account_login-for-an-application", "account_signup-refused", "mfa_authenticate", "consent-nia", "consent-of-a-stranger-nia", "select_account-nia",
        "account_overview-ada", "mfa_index-ada", "account_sessions-ada", "account_privacy-ada", "account_appearance-ada", "account_activity-ada",
        "portal_application-web-ada", "portal_create-refused-ada", "404",
    }
)  # fmt: skip

# Name of an address → why there is nothing to look at. ROWS must not have it.
NO_PAGE: Final = {
    **dict.fromkeys(
        ("connected_apps_withdraw", "account_picture_change", "account_sessions_end_others", "account_sessions_end", "account_sessions_forget", "account_look",
         "account_login_cancel", "account_invitation_put_aside", "cancel", "end_session_confirm", "portal_disable", "portal_enable", "portal_rotate",
         "portal_end_former", "account_connections_unlink", "account_export", "upstream_back_channel"),
        "takes what a form or a machine sends",
    ),
    **dict.fromkeys(
        ("home", "resume", "initiate_login", "upstream_signed_out", "mfa_list_webauthn", "mfa_login_webauthn", "socialaccount_login_cancelled",
         "socialaccount_login_error", "socialaccount_signup", "socialaccount_connections"),
        "leads on",
    ),
    **dict.fromkeys(
        ("account_picture", "brand_style", "brand_logo", "logo", "client_style", "mfa_download_recovery_codes"), "a file",
    ),
}  # fmt: skip
