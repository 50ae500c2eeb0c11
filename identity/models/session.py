"""Sessions: the browser's (Django's, with digests instead of keys) and the person's sign-in (what ``sid`` names)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from identity.models.prepared import Prepared, attributes, instance
from identity.sessions.roaming import Roaming
from identity.sign_in.assurance import Proof, acr_of, amr_of, auth_time_of, fresh, merged

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

    from identity.models.user import User


class BrowserSessionManager(BaseSessionManager["BrowserSession"]):
    """Named queries about browser sessions."""

    def find(self, digest: str, now: datetime) -> BrowserSession | None:
        """The row of a cookie, unless its time is over."""
        row = _BROWSER_SESSION.one(digest)
        return row if row is not None and row.expire_date > now else None

    def holds(self, digest: str) -> bool:
        """Is there such a row, in time or not?"""
        return self.filter(session_key=digest).exists()

    def forget(self, digests: list[str]) -> None:
        """Delete these rows: the cookies that point at them are worth nothing from now on."""
        self.filter(session_key__in=digests).delete()

    def forget_expired(self, now: datetime) -> int:
        """Delete what is over; the number of rows."""
        return self.filter(expire_date__lt=now).delete()[0]


class BrowserSession(AbstractBaseSession):
    """Django's session row. ``session_key`` holds a digest of what the cookie carries: a stolen table signs nobody in."""

    session_key = models.CharField(_("digest of the key"), max_length=64, primary_key=True)

    objects: ClassVar[BrowserSessionManager] = BrowserSessionManager()

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """The store that reads and writes these rows."""
        from identity.sessions.store import SessionStore  # noqa: PLC0415  # the store stands on this module

        return SessionStore

    class Meta(AbstractBaseSession.Meta):
        verbose_name = "browser session"


class LoginSessionManager(models.Manager["LoginSession"]):
    """Named queries about sign-ins."""

    def live(self, now: datetime) -> models.QuerySet[LoginSession]:
        """The sign-ins that are neither ended nor over."""
        return self.filter(ended_at=None, expires__gt=now)

    def find(self, sid: str, now: datetime) -> LoginSession | None:
        """The live sign-in called ``sid``, with its person, in one statement."""
        session = _SIGN_IN.one(sid)
        return session if session is not None and session.ended_at is None and session.expires > now else None

    def of_browser(self, digests: list[str], sid: str | None = None) -> list[LoginSession]:
        """The sign-ins that a browser session carries and nobody ended yet."""
        return list(self.select_related("user").filter(Q(browser__in=digests) | Q(sid=sid or ""), ended_at=None))

    def of_person(self, user: User, now: datetime) -> list[LoginSession]:
        """Where a person is signed in, most recently used first."""
        return list(self.live(now).filter(user=user).order_by("-last_seen", "sid"))

    def browsers(self, sids: Collection[str]) -> dict[str, str]:
        """The User-Agent of these sign-ins, as far as they are kept."""
        return dict(self.filter(sid__in=sids).values_list("sid", "user_agent"))

    def follow(self, former: str, browser: str) -> None:
        """The browser session has a new key; its sign-in goes along."""
        self.filter(browser=former).update(browser=browser)

    def touch(self, sid: str, *, last_seen: datetime, expires: datetime) -> None:
        """Note that a sign-in is in use."""
        self.filter(sid=sid, ended_at=None).update(last_seen=last_seen, expires=expires)

    def add_proofs(self, sid: str, proofs: Iterable[Proof]) -> LoginSession | None:
        """Somebody proved more in a sign-in that lives; the row as it is now, None when it has ended."""
        with transaction.atomic():
            session = self.select_for_update().filter(sid=sid, ended_at=None).first()
            if session is not None:
                session.prove([*session.proved, *proofs])
                session.save(update_fields=["proofs", "acr", "amr", "auth_time", "suspected_at"])
        return session

    def suspect(self, sid: str, now: datetime) -> None:
        """What was proved in a sign-in so far counts no more."""
        self.filter(sid=sid, ended_at=None).update(suspected_at=now)

    def move(self, sid: str, network: str, now: datetime, seconds: int) -> int:
        """Note that a sign-in is used from another network; answers how often that changed lately, 0 when this is no change.

        Args:
            sid: of the sign-in.
            network: see ``sessions.roaming``.
            now: aware UTC.
            seconds: of the stretch in which changes are counted together.
        """
        with transaction.atomic():
            # Held: of two requests that come from there at the same moment one has changed the network.
            row = self.select_for_update().filter(sid=sid, ended_at=None).first()
            before = Roaming.from_json(row.whereabouts) if row is not None else Roaming()
            if row is None or before.knows(network):
                return 0
            after = before.used_from(network, int(now.timestamp()), seconds)
            row.whereabouts = after.to_json()
            row.save(update_fields=["whereabouts"])
        return after.changes.times if after.changes != before.changes else 0

    def end(self, sid: str, now: datetime, reason: str) -> bool:
        """End one sign-in; False when it had ended before, so that of two callers exactly one tells the world."""
        return bool(self.filter(sid=sid, ended_at=None).update(ended_at=now, end_reason=reason))

    def unended(self, user: User, except_sid: str | None = None) -> list[LoginSession]:
        """Every sign-in of a person that has not ended, over or not: what was issued under it may live longer."""
        return list(self.filter(user=user, ended_at=None).exclude(sid=except_sid or ""))


class LoginSession(models.Model):
    """One sign-in of one person in one browser (``sid``, OpenID Connect Front-Channel Logout §3).

    ``browser`` is the digest of the browser session that carries it. ``ended_at`` set means: nothing bound to it lives.
    ``whereabouts``: the networks it was last used from (``sessions.roaming``). What was proved before ``suspected_at`` counts no more.
    ``proofs`` says what the person did and when; ``acr``, ``amr`` and ``auth_time`` follow from all of it together.
    ``expires`` holds both lives: the absolute one since ``auth_time`` and the idle one since ``last_seen``.
    """

    sid = models.CharField(primary_key=True, max_length=36, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="login_sessions")
    browser = models.CharField(max_length=64, db_index=True, blank=True)
    auth_time = models.DateTimeField()
    acr = models.CharField(max_length=100, blank=True)
    amr = models.JSONField(default=list)
    proofs = models.JSONField(default=list)
    user_agent = models.CharField(max_length=300, blank=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    whereabouts = models.JSONField(null=True, blank=True)
    suspected_at = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField()
    last_seen = models.DateTimeField()
    expires = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=40, blank=True)

    objects: ClassVar[LoginSessionManager] = LoginSessionManager()

    class Meta:
        verbose_name = _("sign-in")
        indexes: ClassVar[list[models.Index]] = [
            models.Index("user", name="login_live_idx", condition=models.Q(ended_at=None)),
            models.Index("ended_at", name="login_ended_idx", condition=models.Q(ended_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.sid

    @property
    def proved(self) -> tuple[Proof, ...]:
        """What the person did in this sign-in, as far as it counts."""
        return fresh(self.given, self.suspected_at)

    @property
    def given(self) -> tuple[Proof, ...]:
        """What the person did in this sign-in, whether it counts or not."""
        if self.proofs:
            return tuple(Proof.from_json(proof) for proof in self.proofs)
        # Before proofs were kept one by one, a sign-in was one event.
        at, way = self.auth_time.timestamp(), "upstream_mfa" if self.acr == "2" else "other"
        return (Proof(way, at, tuple(word for word in self.amr or () if word != "mfa")),)

    def prove(self, proofs: Iterable[Proof]) -> None:
        """Set what the person did, and what follows from it. They have just done something, so that no suspicion is left."""
        self.suspected_at = None
        kept = merged(proofs)
        self.proofs = [proof.to_json() for proof in kept]
        self.acr, self.amr = acr_of(kept), list(amr_of(kept))
        self.auth_time = auth_time_of(kept, self.auth_time)


def _with_its_person(values: Sequence[Any]) -> LoginSession:
    own = len(LoginSession._meta.concrete_fields)
    session = instance(LoginSession, values[:own])
    session.user = instance(get_user_model(), values[own:])
    return session


# Every page asks both, and the authorization endpoint little else: compiled at each use they were half of what it cost.
_SAMPLES: Final = (("1",), ("2",))
_BROWSER_SESSION: Final = Prepared(
    lambda digest: BrowserSession.objects.filter(session_key=digest).values_list(*attributes(BrowserSession)),
    (BrowserSession._meta.get_field("session_key"),),
    _SAMPLES,
    partial(instance, BrowserSession),
)
_SIGN_IN: Final = Prepared(
    lambda sid: LoginSession.objects.filter(sid=sid).values_list(
        *attributes(LoginSession), *attributes(get_user_model(), "user__")
    ),
    (LoginSession._meta.get_field("sid"),),
    _SAMPLES,
    _with_its_person,
)
