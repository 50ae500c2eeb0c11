"""A person's linked accounts: which there are, link another, unlink one (``/account/connections/``)."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from identity.account.shell import Here, signed_in
from identity.federation import connection
from identity.federation.sign_in import tell_unlinked
from identity.models import User, linked
from identity.sign_in.lately import prove_again, proved_lately
from identity.sign_in.stages import ways_in
from identity.signals import account_changed


@dataclass(frozen=True, slots=True)
class Linked:
    """A row of the page."""

    account: SocialAccount
    name: str
    label: str
    preset: str
    is_usable: bool


def _row(account: SocialAccount, providers: list[connection.Connection]) -> Linked:
    made = next((one for one in providers if one.accepts_issuer(account.provider)), None)
    data = account.extra_data
    return Linked(
        account=account,
        name=made.name if made else account.provider,
        label=str(data.get("email") or data.get("name") or ""),
        preset=made.preset.name if made else "",
        is_usable=made is not None,
    )


@require_safe
@signed_in
def listing(request: HttpRequest, here: Here) -> HttpResponse:
    """What is linked, and what could be."""
    providers = connection.active()
    rows = [_row(account, providers) for account in linked.of_person(here.user)]
    return render(request, "federation/connections.html", {"linked": rows, "providers": providers})


@require_POST
@signed_in
def unlink(request: HttpRequest, here: Here, pk: int) -> HttpResponse:
    """Take one away. Somebody else's looks like one that is gone already."""
    if not proved_lately(here.session, timezone.now()):
        return prove_again(here.session, reverse("account_connections"))
    try:
        account = linked.unlink(here.user, pk, ways_in)
    except linked.LastWayInError:
        messages.error(
            request, _("This is the only way into your account. Set a password or add a passkey first, then unlink it.")
        )
        return HttpResponseRedirect(reverse("account_connections"), status=303)
    if account is not None:
        account_changed.send(sender=User, user=here.user, fact="account:connection:removed", request=request)
        tell_unlinked(here.user, account)
    messages.success(request, _("The account is unlinked."))
    return HttpResponseRedirect(reverse("account_connections"), status=303)
