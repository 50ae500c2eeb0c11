"""The audit log in the words of the person whom it is about: one row a fact; what only operators understand is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from identity.account.devices import describe
from identity.models import LoginSession
from oauth_server.authorize.consent import name_of
from oauth_server.clients import registry
from oauth_server.models import AuditEvent


class Words(NamedTuple):
    """What is said of a fact.

    Attributes:
        text: a sentence; ``%(app)s`` stands for the application.
        picture: the name of an icon.
        look_at: whether the person should ask themselves if it was them.
    """

    text: str | Promise
    picture: str
    look_at: bool = False


# Fact, or fact and what kind of it (``change`` of an account, ``reason`` of an end) → words.
SAID: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "person:session:started": Words(_("You signed in"), "log-in"),
        "person:session:started again": Words(_("You proved again who you are"), "lock"),
        "person:session:moved": Words(
            _("A sign-in was used from many networks in a short time"), "triangle-alert", look_at=True
        ),
        "person:session:ended suspicious": Words(
            _("Signed out, because somebody may have copied the sign-in"), "log-out", look_at=True
        ),
        "person:session:ended": Words(_("A sign-in ended"), "log-out"),
        "person:session:ended signed_out": Words(_("You signed out"), "log-out"),
        "person:session:ended signed_out_elsewhere": Words(_("You signed out on another browser"), "log-out"),
        "person:session:ended replaced": Words(_("Another person signed in on the same browser"), "log-out"),
        "person:session:ended password_changed": Words(_("Signed out, because the password changed"), "log-out"),
        "person:session:ended user_disabled": Words(_("Signed out, because the account was disabled"), "log-out"),
        "person:session:ended ended_by_operator": Words(_("An operator signed you out"), "log-out"),
        "person:session:ended deletion_requested": Words(
            _("Signed out, because the account is to be deleted"), "log-out"
        ),
        "person:password:refused": Words(_("Somebody typed a wrong password"), "triangle-alert", look_at=True),
        "person:password:blocked": Words(
            _("So many wrong passwords or codes that no more were looked at"), "triangle-alert", look_at=True
        ),
        "person:code:mailed": Words(
            _("Somebody asked for a sign-in code, which was mailed to you"), "mail", look_at=True
        ),
        "person:code:refused": Words(_("Somebody typed a wrong sign-in code"), "triangle-alert", look_at=True),
        "person:sign_up:begun": Words(
            _("Somebody wanted to sign up with your email address, and was mailed that it has an account"), "mail"
        ),
        "person:sign_up:refused": Words(_("A sign-up with your email address was refused"), "lock"),
        "person:factor:refused": Words(
            _("The password was right, the second step was not"), "triangle-alert", look_at=True
        ),
        "person:account:changed": Words(_("Your account changed"), "user-round"),
        "person:account:changed account:created": Words(_("You created the account"), "circle-check"),
        "person:account:changed account:invitation:accepted": Words(_("You came by an invitation"), "mail"),
        "person:account:changed account:terms:accepted": Words(_("You accepted the terms of service"), "circle-check"),
        "person:account:changed account:email:verified": Words(_("You confirmed an email address"), "mail"),
        "person:account:changed account:email:added": Words(_("You added an email address"), "mail", look_at=True),
        "person:account:changed account:email:changed": Words(
            _("You made another email address the primary one"), "mail", look_at=True
        ),
        "person:account:changed account:email:removed": Words(_("You removed an email address"), "mail", look_at=True),
        "person:account:changed account:password:changed": Words(
            _("You changed your password"), "key-round", look_at=True
        ),
        "person:account:changed account:password:set": Words(_("You set a password"), "key-round", look_at=True),
        "person:account:changed account:password:reset": Words(
            _("You chose a new password by mail"), "key-round", look_at=True
        ),
        "person:account:changed account:factor:added": Words(
            _("You added a second step"), "shield-check", look_at=True
        ),
        "person:account:changed account:factor:removed": Words(
            _("You removed a second step"), "shield-check", look_at=True
        ),
        "person:account:changed account:codes:added": Words(
            _("You got recovery codes with the second step"), "shield-check"
        ),
        "person:account:changed account:codes:removed": Words(
            _("Your recovery codes went with the last second step"), "shield-check"
        ),
        "person:account:changed account:factor:reset": Words(_("You made new recovery codes"), "shield-check"),
        "person:account:changed account:browser:trusted": Words(
            _("You trusted a browser, which asks for no second step"), "shield-check", look_at=True
        ),
        "person:account:changed account:browser:forgotten": Words(_("You trust a browser no more"), "shield-check"),
        "person:account:changed account:profile:changed": Words(_("You edited your profile"), "user-round"),
        "person:account:changed account:picture:changed": Words(_("You changed your picture"), "user-round"),
        "person:account:changed account:username:changed": Words(
            _("You changed your username"), "at-sign", look_at=True
        ),
        "person:account:changed account:appearance:changed": Words(_("You chose another language or theme"), "palette"),
        "person:standing:disabled": Words(_("The account was disabled"), "lock"),
        "person:standing:enabled": Words(_("The account was enabled again"), "lock"),
        "person:deletion:requested": Words(_("You asked for the end of this account"), "trash-2", look_at=True),
        "person:deletion:cancelled": Words(_("You came back, so the account stayed"), "circle-check"),
        "person:account:changed account:connection:added": Words(
            _("You linked an account elsewhere"), "link-2", look_at=True
        ),
        "person:account:changed account:connection:removed": Words(_("You unlinked an account elsewhere"), "link-2"),
        "person:account:changed account:data:exported": Words(_("You downloaded your data"), "file-down", look_at=True),
        "authorize:consent:granted": Words(_("You allowed %(app)s something"), "circle-check"),
        "authorize:consent:denied": Words(_("You denied %(app)s what it asked for"), "lock"),
        "authorize:code:issued": Words(_("You signed in to %(app)s"), "layout-grid"),
        "authorize:tokens:issued": Words(_("You signed in to %(app)s"), "layout-grid"),
        "portal:consent:withdrawn": Words(_("You took back what %(app)s was allowed"), "lock"),
        "token:code:replayed": Words(
            _("A sign-in to %(app)s was used twice, so its access was ended"), "triangle-alert", look_at=True
        ),
        "token:refresh:reused": Words(
            _("An access of %(app)s was used twice, so it was ended"), "triangle-alert", look_at=True
        ),
        "token:refresh:burst": Words(_("%(app)s renews its access unusually often"), "triangle-alert", look_at=True),
        "token:refresh:burst ended": Words(
            _("%(app)s renewed its access unusually often, so it was ended"), "triangle-alert", look_at=True
        ),
        "token:refresh:moved": Words(
            _("%(app)s renewed its access from many networks in a short time"), "triangle-alert", look_at=True
        ),
        "token:refresh:moved ended": Words(
            _("%(app)s renewed its access from many networks in a short time, so it was ended"),
            "triangle-alert",
            look_at=True,
        ),
        "operator:person:disabled": Words(_("An operator disabled the account"), "lock"),
        "operator:person:enabled": Words(_("An operator enabled the account again"), "lock"),
        "operator:factors:removed": Words(_("An operator removed your second steps"), "shield-check", look_at=True),
        "operator:password:reset_sent": Words(_("An operator had a mail for a new password sent to you"), "mail"),
        "operator:consent:revoked": Words(_("An operator took back what %(app)s was allowed"), "lock"),
        "operator:family:revoked": Words(_("An operator ended an access of %(app)s"), "lock"),
        "operator:record:changed": Words(_("An operator edited your account"), "user-round"),
        "portal:application:registered": Words(_("You registered the application %(app)s"), "code-xml"),
        "portal:application:changed": Words(_("You changed the application %(app)s"), "code-xml"),
        "portal:application:disabled": Words(_("You disabled the application %(app)s"), "code-xml"),
        "portal:application:enabled": Words(_("You enabled the application %(app)s"), "code-xml"),
        "portal:application:deleted": Words(_("You deleted an application"), "code-xml"),
        "portal:secret:rotated": Words(_("You made a new secret for %(app)s"), "code-xml"),
        "portal:secret:revoked": Words(_("You ended a former secret of %(app)s"), "code-xml"),
    }
)
NAMES: Final = frozenset(key.partition(" ")[0] for key in SAID)
# Facts of an application alone, which stand on its page.
OF_APPLICATIONS: Final = frozenset(
    name for name in NAMES if name.startswith(("authorize:", "token:", "portal:consent:"))
)


@dataclass(frozen=True, slots=True)
class Happening:
    """A row of the page.

    Attributes:
        text: what happened, in a sentence.
        device: the browser, as far as it is known still.
        address: where the request came from; empty when nobody's browser was involved.
    """

    key: int
    at: datetime
    text: str
    picture: str
    look_at: bool
    device: str
    address: str


def words_for(event: AuditEvent) -> Words:
    """The most exact row of ``SAID``."""
    facts = event.facts
    flag = next((name for name in ("again", "ended") if facts.get(name)), "")
    kind = facts.get("change") or facts.get("reason") or flag
    return SAID.get(f"{event.name} {kind}") or SAID[event.name]


def tell(events: Iterable[AuditEvent]) -> list[Happening]:
    """Facts of ``NAMES`` as their person reads them; one statement for the browsers of all of them."""
    kept = list(events)
    sids = {str(event.facts["sid"]) for event in kept if event.facts.get("sid")}
    browsers = LoginSession.objects.browsers(sids) if sids else {}
    told = []
    for event in kept:
        words = words_for(event)
        client = registry.get(event.client_id) if event.client_id else None
        app = name_of(client) if client else event.client_id or gettext("an application")
        browser = browsers.get(str(event.facts.get("sid", "")), "")
        told.append(
            Happening(
                key=event.pk,
                at=event.at,
                text=str(words.text) % {"app": app},
                picture=words.picture,
                look_at=words.look_at,
                device=describe(browser) if browser else "",
                address=event.ip_address or "",
            )
        )
    return told
