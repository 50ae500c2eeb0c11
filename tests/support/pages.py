"""Every page that a person can come to: one table for the accessibility checks and for ``make screenshots``.

A row is a page in one state. A new address without a row fails tests/architecture/test_pages_table.py: it belongs here, or into NO_PAGE
with the reason why nobody ever looks at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.urls import Resolver404, resolve, reverse
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.browser import chromium
from tests.support.factors import App
from tests.support.furnished import CALLBACK, LONG, PASSWORD
from tests.support.server import house
from tests.support.services import free_port
from tests.support.upstream import Provider, provider

# The pages of errors have no address of their own; they are known by what they say.
ERRORS: Final = {
    "400": "This request makes no sense to us",
    "403": "You may not open this page",
    "404": "There is no such page",
    "405": "This address is not a page",
    "429": "That was too often",
    "500": "Something broke on our side",
    "503": "We shall be back in a moment",
    "busy": "One moment, please",
    "csrf": "This page was open for too long",
}
CHALLENGE: Final = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636 appendix B


@dataclass
class Stage:
    """A furnished house with a browser in front of it.

    Attributes:
        issuer: where it is.
        facts: what addresses need: keys of rows, ``client_id``s, keys of mailed links.
        faults: status → HTML of pages that no browser can ask for.
        app: the authenticator app of the person who has everything.
        contexts: person → the profile of a browser in which they are signed in; "" for nobody.
    """

    issuer: str
    facts: Mapping[str, str]
    faults: Mapping[str, str]
    browser: Browser
    app: App
    contexts: dict[str, BrowserContext] = field(default_factory=dict)

    def page(self, who: str) -> Page:
        """The page of a person's browser; for nobody, of a browser without a memory."""
        if who not in self.contexts:
            # Without motion: a colour that is on its way to another one has no contrast.
            self.contexts[who] = self.browser.new_context(reduced_motion="reduce")
            page = self.contexts[who].new_page()
            if who:
                sign_in(page, self, who)
        if not who:
            self.contexts[who].clear_cookies()
        return self.contexts[who].pages[0]


Deed = Callable[[Page, Stage], object]


@dataclass(frozen=True, slots=True)
class Row:
    """A page in one state.

    Attributes:
        of: the name of its address in the URL table; a status for the pages of errors.
        state: what is special; empty for the page as it is.
        who: is signed in (``tests.support.furnished.PEOPLE``); nobody when empty.
        given: arguments of the address: a literal, or the name of a fact.
        query: of the address.
        status: of the answer to the address; 0 when the deed goes somewhere else.
        deed: what is done on the page, or instead of opening its address when ``status`` is 0.
    """

    of: str
    state: str = ""
    who: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    status: int = 200
    deed: Deed | None = None

    def __str__(self) -> str:
        return "-".join(word.replace(" ", "-") for word in (self.of, self.state, self.who) if word)


def open_row(row: Row, stage: Stage) -> Page:
    """Come to the page as a person would."""
    page = stage.page(row.who)
    page.unroute_all()
    if row.status:
        given = {name: stage.facts.get(value, value) for name, value in row.given.items()}
        address = stage.issuer + reverse(row.of, kwargs=given) + (f"?{row.query}" if row.query else "")
        answer = page.goto(address)
        if "/reauthenticate/" in page.url and "reauthenticate" not in row.of:
            _prove(page, stage)
            answer = page.goto(address)
        assert answer, row
        assert answer.status == row.status, (row, answer.status)
    if row.deed:
        row.deed(page, stage)
    here = page.inner_text("h1") if row.of in ERRORS else _name_of(page.url)
    assert here == ERRORS.get(row.of, row.of), (str(row), page.url)
    return page


def _name_of(address: str) -> str:
    """The name of an address; empty for none of ours."""
    try:
        return resolve(urlsplit(address).path).url_name or ""
    except Resolver404:
        return ""


def sign_in(page: Page, stage: Stage, who: str) -> None:
    """With the password, and wait for what comes next."""
    page.goto(f"{stage.issuer}/account/login/")
    _fill({"login": who, "password": PASSWORD})(page, stage)
    page.wait_for_url(lambda address: "/login/" not in address)


def _prove(page: Page, stage: Stage) -> None:
    """Who it is, once more, as pages ask for that change what opens an account."""
    field = page.locator("#id_password, #id_code")
    field.fill(stage.app.code() if field.get_attribute("id") == "id_code" else PASSWORD)
    page.click("#id_submit")
    page.wait_for_url(lambda address: "reauthenticate" not in address)


def _fill(values: Mapping[str, str]) -> Deed:
    """Type into the fields of the form and send it."""

    def deed(page: Page, stage: Stage) -> None:
        del stage
        for name, value in values.items():
            page.fill(f"#id_{name}", value)
        page.click("#id_submit")

    return deed


def _asked_by(client: str, *, scope: str = "openid profile email phone address offline_access", **more: str) -> Deed:
    """As an application sends people here (RFC 6749 §4.1.1)."""

    def deed(page: Page, stage: Stage) -> None:
        parameters = {
            "response_type": "code", "client_id": stage.facts.get(client, client), "redirect_uri": CALLBACK, "scope": scope,
            "state": "s", "code_challenge": CHALLENGE, "code_challenge_method": "S256", **more,
        }  # fmt: skip
        page.goto(f"{stage.issuer}/oauth/authorize?{urlencode(parameters)}")

    return deed


def _then(*deeds: Deed) -> Deed:
    def deed(page: Page, stage: Stage) -> None:
        for one in deeds:
            one(page, stage)

    return deed


def _click(selector: str) -> Deed:
    return lambda page, stage: page.click(selector)


def _go(path: str) -> Deed:
    return lambda page, stage: page.goto(stage.issuer + path)


def _signed_in(who: str) -> Deed:
    return lambda page, stage: sign_in(page, stage, who)


def _staying(pattern: str, *deeds: Deed) -> Deed:
    """What would lead the browser on is held back, until it goes to the next page."""

    def deed(page: Page, stage: Stage) -> None:
        page.route(pattern, lambda route: route.abort("aborted"))
        _then(*deeds)(page, stage)

    return deed


def _allowed(page: Page, stage: Stage) -> None:
    """The application gets its answer."""
    page.route(f"{CALLBACK}*", lambda route: route.fulfill(body="back"))
    _asked_by("calendar")(page, stage)
    page.click("#id_allow")
    page.wait_for_url(f"{CALLBACK}*")


def _fault(status: str) -> Deed:
    def deed(page: Page, stage: Stage) -> None:
        address = f"{stage.issuer}/fault"
        page.route(address, lambda route: route.fulfill(body=stage.faults[status], content_type="text/html"))
        page.goto(address)

    return deed


def _without_cookies(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.issuer}/account/login/")
    page.context.clear_cookies()
    _fill({"login": "nia", "password": PASSWORD})(page, stage)
    page.wait_for_selector("#id_again")


def _finished_twice(page: Page, stage: Stage) -> None:
    """The back button, after the application has its answer."""
    _asked_by("calendar")(page, stage)
    consent = page.url
    with page.expect_response(lambda answer: answer.status == 303 and CALLBACK in answer.headers.get("location", "")):
        page.click("#id_deny", no_wait_after=True)
    page.goto(consent)


def _from_there(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.issuer}/account/login/")
    page.click("#id_with_there")
    page.wait_for_url("**/newcomer/")


def _by_there(page: Page, stage: Stage) -> None:
    """Somebody who has no password here: a new account, or the one that was made before."""
    page.goto(f"{stage.issuer}/account/login/")
    page.click("#id_with_there")
    page.wait_for_url(lambda address: address.endswith(("/newcomer/", "/account/")))
    if page.url.endswith("/newcomer/"):
        page.goto(f"{stage.issuer}/account/login/newcomer/new/")
        page.click("#id_submit")
        page.wait_for_url("**/account/")


_NEWCOMER = _then(_from_there, _go("/account/login/newcomer/new/"))
_NEW_SERVICE = _fill({"name": "Night train"})
_MAILED_CODE = _then(_go("/account/login/code/"), _fill({"email": "nia@people.example"}))
_OWN = {"pk": "own_web"}

ROWS: Final = (
    # -- to sign in and up
    Row("account_login"),
    Row("account_login", "wrong password", deed=_fill({"login": "nia", "password": "wrong"})),
    Row("account_login", "for an application", status=0, deed=_asked_by("calendar")),
    Row("account_login", "again", who="nia", query="prompt=login"),
    Row("account_signup"),
    Row("account_signup", "refused", deed=_fill({"username": "nia", "email": "nia@people.example", "password1": "password12"})),
    Row("mfa_authenticate", status=0, deed=_signed_in("bo")),
    Row("mfa_authenticate", "wrong code", status=0, deed=_then(_signed_in("bo"), _fill({"code": "000000"}))),
    Row("account_invitation", "over", given={"secret": "nothing"}, status=410),
    Row("account_request_login_code"),
    Row("account_confirm_login_code", status=0, deed=_MAILED_CODE),
    Row("account_confirm_login_code", "wrong code", status=0, deed=_then(_MAILED_CODE, _fill({"code": "ABCDEF"}))),
    Row("account_login_more", who="nia", status=0, deed=_asked_by("bank")),
    Row("account_reauthenticate", who="nia"),
    Row("mfa_reauthenticate", who="ada"),
    Row("mfa_reauthenticate_webauthn", who="ada"),
    Row("upstream_home"),
    Row("upstream_home", "unknown", deed=_fill({"email": "ada@nowhere.example"})),
    Row("upstream_start", status=0, deed=_staying("**/authorize?*", _go("/account/login/"), _click("#id_with_there"))),
    Row("upstream_callback", "refused", given={"slug": "there"}, query="state=unknown&code=x", status=400),
    Row("upstream_newcomer", status=0, deed=_from_there),
    Row("upstream_sign_up", status=0, deed=_NEWCOMER),
    Row("upstream_confirm_link", status=0, deed=_then(_from_there, _signed_in("nia"), _go("/account/login/newcomer/link/"))),
    Row("account_set_password", status=0, deed=_then(_by_there, _go("/account/password/set/"))),
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
    Row("consent", who="nia", status=0, deed=_asked_by("calendar")),
    Row("consent", "of a stranger", who="nia", status=0, deed=_asked_by("web_id", redirect_uri=f"https://{'long.' * 12}example/{'path/' * 12}callback")),
    Row("consent", "nothing to share", who="nia", status=0, deed=_asked_by("calendar", scope="openid")),
    Row("consent", "stale", who="nia", given={"interaction": "unknown"}, status=400),
    Row("consent", "finished", who="nia", status=0, deed=_staying(f"{CALLBACK}*", _finished_twice)),
    Row("select_account", who="nia", status=0, deed=_asked_by("calendar", prompt="select_account")),
    Row("authorize", "unknown application", query="client_id=nobody", status=400),
    Row("authorize", "on the way back by form", who="nia", status=0, deed=_staying("**/form_post.js", _asked_by("intranet", scope="openid", response_mode="form_post"))),
    # -- the account
    *(
        Row(name, who=who)
        for who in ("ada", "nia")
        for name in (
            "account_overview", "account_profile", "account_email", "account_appearance", "account_change_password", "mfa_index",
            "account_connections", "account_sessions", "account_activity", "connected_apps", "account_privacy", "account_delete", "portal",
        )
    ),
    Row("account_profile", "refused", who="ada", deed=_fill({"website": "https://" + "x" * 300})),
    Row("account_email", "refused", who="ada", deed=_then(lambda page, stage: page.fill("#id_email", "nia@people.example"), _click("[name=action_add]"))),
    Row("account_username", who="ada"),
    Row("account_username", "refused", who="ada", deed=_fill({"username": "nia"})),
    Row("account_change_password", "refused", who="ada", deed=_fill({"oldpassword": "wrong", "password1": "short", "password2": "shorter"})),
    Row("account_delete", "refused", who="ada", deed=_fill({"username": "somebody"})),
    Row("connected_app", who="ada", status=0, deed=_then(_allowed, _go("/account/apps/"), _click("main .list-title a"))),
    Row("mfa_activate_totp", who="nia"),
    Row("mfa_activate_totp", "wrong code", who="nia", deed=_fill({"code": "000000"})),
    Row("mfa_deactivate_totp", who="ada"),
    Row("mfa_view_recovery_codes", who="ada"),
    Row("mfa_view_recovery_codes", "seen before", who="ada"),
    Row("mfa_generate_recovery_codes", who="ada"),
    Row("mfa_add_webauthn", who="nia"),
    Row("mfa_edit_webauthn", who="ada", given={"pk": "passkey"}),
    Row("mfa_remove_webauthn", who="ada", given={"pk": "passkey"}),
    # -- developers
    Row("portal_new", who="ada"),
    *(Row("portal_create", kind, who="ada", given={"kind": kind}) for kind in ("web", "app", "service")),
    Row("portal_create", "refused", who="ada", given={"kind": "web"}, deed=_fill({"name": LONG, "redirect_uris": "http://evil.example/#x"})),
    *(Row("portal_application", kind, who="ada", given={"pk": f"own_{kind}"}) for kind in ("web", "app", "service")),
    Row("portal_edit", who="ada", given=_OWN),
    Row("portal_activity", who="ada", given=_OWN),
    Row("portal_delete", who="ada", given=_OWN),
    Row("portal_secret", who="ada", status=0, deed=_then(_go("/portal/new/service/"), _NEW_SERVICE)),
    Row("portal_application", "disabled", who="ada", status=0, deed=_then(_go("/portal/"), _click("text=Night train"), _click("text=Disable"))),
    # -- to sign out
    Row("account_logout", who="ada"),
    Row("end_session", who="ada"),
    Row("signed_out"),
    Row("signed_out", "still signed in", who="ada"),
    Row("upstream_leaving", status=0, deed=_staying("**/logout?*", _by_there, _go("/account/logout/"), _click("#id_logout"))),
    # -- what went wrong
    Row("404", status=0, deed=_go("/nowhere/")),
    Row("404", who="ada", status=0, deed=_go("/portal/999999/")),
    Row("405", who="ada", status=0, deed=_go("/account/sessions/end-others/")),
    Row("csrf", status=0, deed=_without_cookies),
    *(Row(status, status=0, deed=_fault(status)) for status in ("400", "403", "429", "500", "503", "busy")),
)  # fmt: skip

# Name of an address → why there is nothing to look at. ROWS must not have it.
NO_PAGE: Final = {
    **dict.fromkeys(
        ("connected_apps_withdraw", "account_picture_change", "account_sessions_end_others", "account_sessions_end", "account_sessions_forget", "account_look",
         "account_login_cancel", "cancel", "end_session_confirm", "portal_disable", "portal_enable", "portal_rotate",
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


@contextmanager
def stage() -> Iterator[Stage]:
    """One server, furnished, one browser, one provider elsewhere."""
    port = free_port()
    with ExitStack() as stack:
        elsewhere: Provider = stack.enter_context(provider())
        elsewhere.person |= {
            "sub": "somebody-new",
            "name": "Somebody New",
            "preferred_username": "newcomer",
            "email": "new@there.example",
        }
        # Passkeys need a name.
        settings: dict[str, Any] = {
            "PORT": str(port), "ISSUER": f"http://localhost:{port}", "OUTBOUND_ALLOW": "127.0.0.0/8",
            "REGISTRATION_SCOPES": "notes:read notes:write", "FEATURES": "email_code",
        }  # fmt: skip
        built = stack.enter_context(house(**settings))
        facts = dict(built.seeder("furnish", provider=elsewhere.issuer))
        stack.enter_context(built.server(workers=1, port=port))
        set_out = Stage(built.issuer, facts, built.seeder("faults"), stack.enter_context(chromium()), App(""))
        set_out.page("ada")
        equipped = built.seeder("equip", username="ada")
        facts["passkey"], set_out.app.secret = equipped["passkey"], equipped["secret"]
        yield set_out
