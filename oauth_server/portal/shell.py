"""The shell of the pages about one application: somebody is signed in, and it is theirs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from identity.account.shell import Here, signed_in
from oauth_server.models import Client

# Address converters give ``pk`` by name, which Concatenate cannot say.
View = Callable[..., HttpResponse]


def own_application(view: View) -> View:
    """Give a view ``(request, here, client)`` an application of the person at the browser; one of somebody else does not exist."""

    @wraps(view)
    def wrapped(request: HttpRequest, here: Here, *args: Any, pk: int, **kwargs: Any) -> HttpResponse:
        client = Client.objects.owned(here.user, pk)
        if client is None:
            raise Http404
        return view(request, here, client, *args, **kwargs)

    return signed_in(wrapped)


def go_to(name: str, *args: object) -> HttpResponse:
    """See other: what was sent is not sent again by a reload."""
    return HttpResponseRedirect(reverse(name, args=args), status=303)
