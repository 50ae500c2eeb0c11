"""Every way to refuse, said once (RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, OpenID Connect Core §3.1.2.6).

An error has three voices: ``description`` for the client, ``hint`` for its developer (shown where the client is known,
in the portal and the log), ``detail`` for the operator's log only. It is raised anywhere and becomes HTTP once, in
``endpoints/base.py``.
"""

from __future__ import annotations

from typing import ClassVar


def _printable(text: str) -> str:
    """Only the characters that RFC 6749 §5.2 allows in ``error_description``; others become ``?``."""
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "?" if c not in '"\\' else "'" for c in text)


class OAuthError(Exception):
    """The base of all refusals.

    Args:
        description: one sentence for the client; non-ASCII, quotes and backslashes are replaced (RFC 6749 §5.2).
        hint: what the client's developer should change.
        detail: what the operator's log should know; never sent.
    """

    error: ClassVar[str] = "server_error"
    # Whether the fact is in the audit log already, written in the transaction that it tells of.
    recorded: bool = False
    status: ClassVar[int] = 400
    default: ClassVar[str] = ""

    def __init__(self, description: str = "", *, hint: str = "", detail: str = "") -> None:
        self.description = _printable(description or self.default)
        self.hint = hint
        self.detail = detail
        super().__init__(f"{self.error}: {self.description}")

    def members(self) -> dict[str, str]:
        """The members of the JSON error answer (RFC 6749 §5.2)."""
        members = {"error": self.error}
        if self.description:
            members["error_description"] = self.description
        return members


class InvalidRequest(OAuthError):
    """RFC 6749 §5.2."""

    error = "invalid_request"


class InvalidClient(OAuthError):
    """RFC 6749 §5.2: 401 with a challenge when the client used the Authorization header.

    ``client_id`` names a client that exists, so that its developer finds the refusal in the portal; it is never sent.
    """

    error = "invalid_client"
    status = 401
    default = "Client authentication failed."

    client_id: str = ""


class InvalidGrant(OAuthError):
    """RFC 6749 §5.2."""

    error = "invalid_grant"
    default = "The grant is invalid, expired, revoked, or was issued to another client."


class UnauthorizedClient(OAuthError):
    """RFC 6749 §5.2."""

    error = "unauthorized_client"
    default = "This client may not use this grant type."


class UnsupportedGrantType(OAuthError):
    """RFC 6749 §5.2."""

    error = "unsupported_grant_type"


class InvalidScope(OAuthError):
    """RFC 6749 §5.2."""

    error = "invalid_scope"


class InvalidTarget(OAuthError):
    """RFC 8707 §2."""

    error = "invalid_target"


class ServerError(OAuthError):
    """RFC 6749 §4.1.2.1."""

    error = "server_error"
    status = 500
    default = "The server met an unexpected condition."


class TemporarilyUnavailable(OAuthError):
    """RFC 6749 §4.1.2.1: an outage is 503 with Retry-After, never 500."""

    error = "temporarily_unavailable"
    status = 503
    default = "The server cannot answer right now; try again in a moment."


class TooManyRequests(OAuthError):
    """RFC 6585 §4; ``slow_down`` is RFC 8628 §3.5's word for it."""

    error = "slow_down"
    status = 429
    default = "Too many requests; wait before the next."


# The front channel (RFC 6749 §4.1.2.1).


class AccessDenied(OAuthError):
    """The person or a policy said no."""

    error = "access_denied"


class UnsupportedResponseType(OAuthError):
    """RFC 6749 §4.1.2.1."""

    error = "unsupported_response_type"


class LoginRequired(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    error = "login_required"


class ConsentRequired(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    error = "consent_required"


class InteractionRequired(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    error = "interaction_required"


class AccountSelectionRequired(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    error = "account_selection_required"


class UnmetAuthenticationRequirements(OAuthError):
    """OpenID Connect Core Unmet Authentication Requirements 1.0."""

    error = "unmet_authentication_requirements"


class InvalidRequestURI(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    error = "invalid_request_uri"


class InvalidRequestObject(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    error = "invalid_request_object"


class RequestNotSupported(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    error = "request_not_supported"


class RequestURINotSupported(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    error = "request_uri_not_supported"


class RegistrationNotSupported(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    error = "registration_not_supported"


# Bearer tokens (RFC 6750 §3.1).


class InvalidToken(OAuthError):
    """401 with a ``WWW-Authenticate`` challenge."""

    error = "invalid_token"
    status = 401
    default = "The access token is missing, expired, revoked or malformed."


class InsufficientScope(OAuthError):
    """403 with the scope that would do."""

    error = "insufficient_scope"
    status = 403

    def __init__(self, description: str = "", *, scope: str = "", hint: str = "", detail: str = "") -> None:
        super().__init__(description, hint=hint, detail=detail)
        self.scope = scope


class InsufficientUserAuthentication(OAuthError):
    """401 with the sign-in that would do (RFC 9470 §3)."""

    error = "insufficient_user_authentication"
    status = 401

    def __init__(
        self,
        description: str = "",
        *,
        acr_values: str = "",
        max_age: int | None = None,
        hint: str = "",
        detail: str = "",
    ) -> None:
        super().__init__(description, hint=hint, detail=detail)
        self.acr_values = acr_values
        self.max_age = max_age


# Client metadata (RFC 7591 §3.2.2).


class InvalidRedirectURI(OAuthError):
    """A redirect URI that may not be registered."""

    error = "invalid_redirect_uri"


class InvalidClientMetadata(OAuthError):
    """Any other metadata that may not be registered; the description names the field."""

    error = "invalid_client_metadata"


class InvalidSoftwareStatement(OAuthError):
    """RFC 7591 §3.2.2."""

    error = "invalid_software_statement"


class UnapprovedSoftwareStatement(OAuthError):
    """RFC 7591 §3.2.2."""

    error = "unapproved_software_statement"
