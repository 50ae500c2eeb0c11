"""Django REST framework in front of our tokens: who calls (``GatehouseAuthentication``), and what for (``HasScopes``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from oauth_server.protocol.errors import InsufficientUserAuthentication, InvalidToken, OAuthError
from oauth_server.resource_server import bearer, configured
from oauth_server.resource_server.authentication import Authentication
from oauth_server.resource_server.token import BearerToken, Verifier

if TYPE_CHECKING:
    # Django REST framework imports the classes of its settings while it defines APIView.
    from rest_framework.views import APIView

_STASH: Final = "gatehouse_refusal"


class Refused(APIException):
    """An OAuth error as Django REST framework wants it, with its challenge (RFC 6750 §3)."""

    def __init__(self, error: OAuthError, realm: str) -> None:
        super().__init__(detail=error.members(), code=error.error)
        self.status_code = error.status
        # Django REST framework copies these two into headers of the answer.
        if error.status == 503:
            self.wait = 2
        else:
            self.auth_header = bearer.challenge(error, realm)


class TokenUser:
    """``request.user`` where the API has no row for the caller: the subject of the token."""

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False

    def __init__(self, token: BearerToken) -> None:
        self.token = token
        self.pk = self.id = self.username = token.subject

    def __str__(self) -> str:
        return self.username

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TokenUser) and (self.token.issuer, self.pk) == (other.token.issuer, other.pk)

    def __hash__(self) -> int:
        return hash((self.token.issuer, self.pk))

    def get_username(self) -> str:
        """The subject."""
        return self.username


class GatehouseAuthentication(BaseAuthentication):
    """``request.user`` and ``request.auth`` (a ``BearerToken``) from the Authorization header.

    Subclass it and override ``user_for`` to map subjects to rows of your own.
    """

    realm = bearer.REALM
    verifier: Verifier | None = None

    def authenticate(self, request: Request) -> tuple[Any, BearerToken] | None:
        """None when there is no bearer token, so that other classes get their turn."""
        try:
            value = bearer.read(request.META.get("HTTP_AUTHORIZATION", ""))
            if value is None:
                return None
            token = (self.verifier or configured.verifier()).verify(value, timezone.now())
        except InvalidToken as error:
            setattr(request, _STASH, error)
            raise AuthenticationFailed(detail=error.members(), code=error.error) from None
        except OAuthError as error:
            raise Refused(error, self.realm) from None
        return self.user_for(token), token

    def user_for(self, token: BearerToken) -> Any:
        """Who calls: the person's row inside the server, else a ``TokenUser``."""
        return token.user if token.user is not None else TokenUser(token)

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return bearer.challenge(getattr(request, _STASH, bearer.NoToken()), self.realm)


class HasScopes(BasePermission):
    """All of the view's ``required_scopes``: a list, or a mapping of HTTP method to list.

    A method that the mapping does not name is refused.
    """

    realm = bearer.REALM

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the request carries a token with the scopes.

        Raises:
            ImproperlyConfigured: the view names no scopes. Silence must not open a view.
            Refused: 403 with the scopes that would do.
        """
        required = self.scopes_of(request, view)
        token = request.auth
        if not isinstance(token, BearerToken) or required is None:
            return False
        if not token.has(required):
            raise Refused(bearer.insufficient(required), self.realm)
        return True

    def scopes_of(self, request: Request, view: APIView) -> Collection[str] | None:
        """The scopes that this request needs; None when its method is not to be answered.

        Raises:
            ImproperlyConfigured: the view names none.
        """
        required = getattr(view, "required_scopes", None)
        if isinstance(required, Mapping):
            scopes: Collection[str] | None = required.get(str(request.method))
            return scopes
        if required is None or isinstance(required, str):
            raise ImproperlyConfigured(f"{type(view).__name__} needs required_scopes, a list or a mapping by method.")
        return tuple(required)


def has_scopes(*scopes: str) -> type[HasScopes]:
    """A permission class for views that say it in place: ``permission_classes = [has_scopes("notes:read")]``."""

    class Needed(HasScopes):
        """All of the scopes that ``has_scopes`` was given."""

        def scopes_of(self, request: Request, view: APIView) -> Collection[str]:  # noqa: ARG002  # the same for all
            """The scopes that were given."""
            return scopes

    return Needed


class HasSignedIn(BasePermission):
    """A sign-in that is strong and recent enough: the view's ``required_acr_values`` and ``required_max_age`` (RFC 9470)."""

    realm = bearer.REALM

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the request carries a token of such a sign-in.

        Raises:
            Refused: 401 with the sign-in that would do; the client takes it to the authorization endpoint.
        """
        if not isinstance(request.auth, BearerToken):
            return False
        try:
            self.wanted_of(view).judge(request.auth, timezone.now())
        except InsufficientUserAuthentication as error:
            raise Refused(error, self.realm) from None
        return True

    def wanted_of(self, view: APIView) -> Authentication:
        """What the view asks of a sign-in.

        Raises:
            ImproperlyConfigured: the view names nothing. Silence must not open a view.
        """
        acr_values = getattr(view, "required_acr_values", ())
        max_age = getattr(view, "required_max_age", None)
        if isinstance(acr_values, str) or (not acr_values and max_age is None):
            raise ImproperlyConfigured(
                f"{type(view).__name__} needs required_acr_values, a list, or required_max_age, in seconds."
            )
        return Authentication(tuple(acr_values), max_age)


def has_signed_in(*acr_values: str, max_age: int | None = None) -> type[HasSignedIn]:
    """A permission class for views that say it in place: ``permission_classes = [has_signed_in("2", max_age=300)]``."""
    wanted = Authentication(acr_values, max_age)

    class Needed(HasSignedIn):
        """The sign-in that ``has_signed_in`` was given."""

        def wanted_of(self, view: APIView) -> Authentication:  # noqa: ARG002  # the same for all
            """What was given."""
            return wanted

    return Needed
