"""A person at a browser without scripts: walks redirects and fills in the forms that it meets, by their published ids."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx2

from tests.support.live import PASSWORD, USERNAME

# By way of a provider and back it is a longer walk.
_STEPS = 25


@dataclass
class Form:
    """A form: where it goes, its fields, and the buttons by id."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    ids: dict[str, tuple[str, str]] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.is_inside = False
        self.leads_to = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "meta" and has.get("http-equiv") == "refresh":
            self.leads_to = has["content"].partition("url=")[2]
        if tag == "form":
            self.forms.append(Form(has.get("action", ""), has.get("method", "get").lower()))
            self.is_inside = True
        elif tag in {"input", "button"} and self.is_inside:
            form, name, value = self.forms[-1], has.get("name", ""), has.get("value", "")
            if has.get("id"):
                form.ids[has["id"]] = (name, value)
            is_button = tag == "button" or has.get("type") in {"submit", "checkbox", "radio"}
            if name and (not is_button or "checked" in has):
                form.fields[name] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_inside = False


class Person:
    """One browser. ``go`` returns when it reaches an address that starts with ``until``, or a page without a known form."""

    def __init__(self, username: str = USERNAME, password: str = PASSWORD) -> None:
        self.browser = httpx2.Client(timeout=20, follow_redirects=False)
        self.username = username
        self.password = password
        self.pressed: list[str] = []

    def go(self, address: str, until: str = "\0", *, press: tuple[str, ...] = ("id_allow", "id_logout")) -> str:
        """Walk on from ``address``.

        Args:
            address: absolute.
            until: where the person leaves our server; that address is not fetched.
            press: buttons that the person presses, by id.

        Returns:
            The address that was reached.

        Raises:
            AssertionError: a page that leads nowhere while an end was given.
        """
        response = self.browser.get(address)
        for _ in range(_STEPS):
            onward = _onward(response)
            if onward:
                address = urljoin(str(response.url), onward)
                if address.startswith(until):
                    return address
                response = self.browser.get(address)
                continue
            step = self._next(response, press)
            if step is None:
                self.page = response
                assert until == "\0", (str(response.url), response.status_code, response.text[-3_000:])
                return str(response.url)
            response = step
        raise AssertionError(f"No end after {_STEPS} steps, at {response.url}")

    def _next(self, response: httpx2.Response, press: tuple[str, ...]) -> httpx2.Response | None:
        parser = _Forms()
        parser.feed(response.text)
        # Whoever comes to press a certain button presses it, though the page has a password field as well.
        for button in (*press, "id_submit"):
            for form in parser.forms:
                is_sign_in = "id_login" in form.ids and "id_password" in form.ids
                if button not in form.ids or (button == "id_submit" and not is_sign_in):
                    continue
                name, value = form.ids[button]
                data = form.fields | ({name: value} if name else {})
                if is_sign_in:
                    data |= {form.ids["id_login"][0]: self.username, form.ids["id_password"][0]: self.password}
                self.pressed.append(button)
                target = urljoin(str(response.url), form.action)
                return self.browser.request(form.method, target, data=data, headers={"Referer": str(response.url)})
        return None


def _onward(response: httpx2.Response) -> str:
    """Where an answer sends the browser by itself, with a status or with its page; empty when it stays."""
    if response.is_redirect:
        return response.headers["Location"]
    parser = _Forms()
    parser.feed(response.text)
    return parser.leads_to
