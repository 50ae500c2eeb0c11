"""How to come to a page in a certain state, on a furnished house with a browser in front of it; the pages are in ``page_table``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.urls import Resolver404, resolve, reverse
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.browser import chromium
from tests.support.factors import App
from tests.support.furnished import CALLBACK, PASSWORD
from tests.support.receiver import receiver
from tests.support.server import Seeder, house
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
# For a browser with a virtual authenticator: it answers an autofill at once, before a test can click.
NO_AUTOFILL: Final = "if (window.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = undefined"
CHALLENGE: Final = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636 appendix B


@dataclass
class Stage:
    """A furnished house with a browser in front of it.

    Attributes:
        issuer: where it is.
        facts: what addresses need: keys of rows, ``client_id``s, keys of mailed links.
        faults: status → HTML of pages that no browser can ask for here; ``terms`` is the page of a house that has some.
        app: the authenticator app of the person who has everything.
        seeder: does in the database what no browser can.
        mail: the folder that mails are written to.
        script: runs in every page that rows are opened in, whatever the page's policy says.
        language: that the browsers ask for.
        contexts: person → the profile of a browser in which they are signed in; "" for nobody.
    """

    issuer: str
    facts: Mapping[str, str]
    faults: Mapping[str, str]
    browser: Browser
    app: App
    seeder: Seeder
    mail: Path
    script: str = ""
    language: str = "en"
    contexts: dict[str, BrowserContext] = field(default_factory=dict)

    def last_mail(self, to: str) -> str:
        """The last mail to somebody, as it was sent."""
        mails = sorted(self.mail.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        text = next(text for file in reversed(mails) if f"To: {to}\n" in (text := file.read_text("utf-8")))
        return text.replace("=\n", "").replace("=3D", "=")  # quoted-printable (RFC 2045 §6.7)

    def mailed_link(self, to: str) -> str:
        """The address in it."""
        return re.findall(rf"{self.issuer}/\S+", self.last_mail(to))[0]

    def mailed_code(self, to: str) -> str:
        """The code in it."""
        return re.findall(r"^[A-Z0-9]{4}-[A-Z0-9]{4}$", self.last_mail(to), re.MULTILINE)[0]

    def page(self, who: str) -> Page:
        """The page of a person's browser; for nobody, of a browser without a memory."""
        if who not in self.contexts:
            # Without motion: a colour that is on its way to another one has no contrast.
            self.contexts[who] = self.browser.new_context(reduced_motion="reduce")
            if self.script:
                self.contexts[who].add_init_script(self.script)
            page = self.contexts[who].new_page()
            if who:
                sign_in(page, self, who)
        if not who:
            self.contexts[who].clear_cookies()
        self.contexts[who].set_extra_http_headers({"Accept-Language": self.language})
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
        return "-".join(re.sub("[ :]", "-", word) for word in (self.of, self.state, self.who) if word)


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
    # A page that has only just come has no body to measure yet.
    page.wait_for_load_state("load")
    page.wait_for_function("document.body")
    if row.of not in ERRORS:
        assert _name_of(page.url) == row.of, (str(row), page.url)
    elif stage.language == "en":
        assert page.inner_text("h1") == ERRORS[row.of], (str(row), page.url)
    return page


def _name_of(address: str) -> str:
    """The name of an address; empty for none of ours."""
    try:
        return resolve(urlsplit(address).path).view_name
    except Resolver404:
        return ""


def sign_in(page: Page, stage: Stage, who: str) -> None:
    """With the password, and wait for what comes next."""
    page.goto(f"{stage.issuer}/account/login/")
    fill({"login": who, "password": PASSWORD})(page, stage)
    page.wait_for_url(lambda address: "/login/" not in address)


def _prove(page: Page, stage: Stage) -> None:
    """Who it is, once more, as pages ask for that change what opens an account."""
    field = page.locator("#id_password, #id_code")
    field.fill(stage.app.code() if field.get_attribute("id") == "id_code" else PASSWORD)
    page.click("#id_submit")
    page.wait_for_url(lambda address: "reauthenticate" not in address)


def fill(values: Mapping[str, str]) -> Deed:
    """Type into the fields of the form and send it."""

    def deed(page: Page, stage: Stage) -> None:
        del stage
        for name, value in values.items():
            page.fill(f"#id_{name}", value)
        page.click("#id_submit")

    return deed


def type_mailed_code(to: str) -> Deed:
    """The code that came by mail."""
    return lambda page, stage: fill({"code": stage.mailed_code(to)})(page, stage)


def invited(page: Page, stage: Stage) -> None:
    """By the link of an invitation."""
    stage.seeder("manage", arguments=["invite", "guest@people.example"])
    page.goto(stage.mailed_link("guest@people.example"))


def asked_by(client: str, *, scope: str = "openid profile email phone address offline_access", **more: str) -> Deed:
    """As an application sends people here (RFC 6749 §4.1.1)."""

    def deed(page: Page, stage: Stage) -> None:
        parameters = {
            "response_type": "code", "client_id": stage.facts.get(client, client), "redirect_uri": CALLBACK, "scope": scope,
            "state": "s", "code_challenge": CHALLENGE, "code_challenge_method": "S256", **more,
        }  # fmt: skip
        page.goto(f"{stage.issuer}/oauth/authorize?{urlencode(parameters)}")

    return deed


def then(*deeds: Deed) -> Deed:
    def deed(page: Page, stage: Stage) -> None:
        for one in deeds:
            one(page, stage)

    return deed


def click(selector: str) -> Deed:
    return lambda page, stage: page.click(selector)


def go(path: str) -> Deed:
    return lambda page, stage: page.goto(stage.issuer + path)


def signed_in(who: str) -> Deed:
    return lambda page, stage: sign_in(page, stage, who)


def staying(pattern: str, *deeds: Deed) -> Deed:
    """What would lead the browser on is held back, until it goes to the next page."""

    def deed(page: Page, stage: Stage) -> None:
        page.route(pattern, lambda route: route.abort("aborted"))
        then(*deeds)(page, stage)

    return deed


def asked_for_real(client: str, **more: str) -> Deed:
    """The same by an application that is there."""
    return lambda page, stage: asked_by(client, redirect_uri=stage.facts["callback"], **more)(page, stage)


def allowed(page: Page, stage: Stage) -> None:
    """The application gets its answer."""
    asked_for_real("calendar")(page, stage)
    page.click("#id_allow")
    page.wait_for_url("**/callback?code=*")


def fault(status: str, path: str = "/fault") -> Deed:
    def deed(page: Page, stage: Stage) -> None:
        address = stage.issuer + path
        page.route(address, lambda route: route.fulfill(body=stage.faults[status], content_type="text/html"))
        page.goto(address)

    return deed


def without_cookies(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.issuer}/account/login/")
    page.context.clear_cookies()
    fill({"login": "nia", "password": PASSWORD})(page, stage)
    page.wait_for_selector("#id_again")


def finished_twice(page: Page, stage: Stage) -> None:
    """The back button, after the application has its answer."""
    asked_for_real("calendar")(page, stage)
    consent = page.url
    page.click("#id_deny")
    page.wait_for_url("**/callback?*")
    page.goto(consent)


def from_there(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.issuer}/account/login/")
    page.click("#id_with_there")
    page.wait_for_url("**/newcomer/")


def by_there(page: Page, stage: Stage) -> None:
    """Somebody who has no password here: a new account, or the one that was made before."""
    page.goto(f"{stage.issuer}/account/login/")
    page.click("#id_with_there")
    page.wait_for_url(lambda address: address.endswith(("/newcomer/", "/account/")))
    if page.url.endswith("/newcomer/"):
        page.goto(f"{stage.issuer}/account/login/newcomer/new/")
        page.click("#id_submit")
        page.wait_for_url("**/account/")


@contextmanager
def stage(script: str = "") -> Iterator[Stage]:
    """One server, furnished, one browser, one provider elsewhere.

    Args:
        script: see ``Stage``.
    """
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
        built = stack.enter_context(house(settings="tests.support.settings_with_mail", **settings))
        application = stack.enter_context(receiver())
        application.pages |= {"/callback": "<title>app</title>back at the application", "/favicon.ico": ""}
        facts = dict(built.seeder("furnish", provider=elsewhere.issuer, callback=f"{application.origin}/callback"))
        stack.enter_context(built.server(workers=1, port=port))
        set_out = Stage(
            built.issuer, facts, built.seeder("faults"), stack.enter_context(chromium()), App(""), built.seeder, built.folder / "mail", script
        )  # fmt: skip
        set_out.page("ada")
        equipped = built.seeder("equip", username="ada")
        facts["passkey"], set_out.app.secret = equipped["passkey"], equipped["secret"]
        yield set_out
