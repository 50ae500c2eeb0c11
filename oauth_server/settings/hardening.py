"""HTTP defences: cookies, content policy, framing, hosts. Nothing here depends on what a request says about itself."""

from __future__ import annotations

from typing import Any

from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from oauth_server.settings.given import HTTPS, ISSUER_HOST, ISSUER_ORIGIN

# The host of every link we send is the issuer's, whatever Host or X-Forwarded-Host say.
ALLOWED_HOSTS = [f"[{ISSUER_HOST}]" if ":" in ISSUER_HOST else ISSUER_HOST]
CSRF_TRUSTED_ORIGINS = [ISSUER_ORIGIN]

# __Host-: no sibling subdomain can set or overwrite these cookies (RFC 6265bis §4.1.3.2).
COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}gatehouse_session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would hide the sign-in from an application that sends its person here
SESSION_COOKIE_PATH = "/"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}gatehouse_csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_PATH = "/"
CSRF_FAILURE_VIEW = "oauth_server.endpoints.faults.form_refused"
LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}gatehouse_language"
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
THEME_COOKIE_NAME = f"{COOKIE_PREFIX}gatehouse_theme"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SECURE_HSTS_SECONDS = 2 * 365 * 86_400 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# Relying parties sign people in through a popup: a page on that way with same-origin would cut the popup off from its opener.
POPUP_PATHS = (
    "/oauth/",
    "/account/login/",
    "/account/signup/",
    "/account/2fa/authenticate/",
    "/account/reauthenticate/",
    "/account/confirm-email/",
)
# no-referrer would make browsers send "Origin: null" with our own forms, which the CSRF check refuses.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CROSS_ORIGIN_RESOURCE_POLICY = "same-origin"
PERMISSIONS_POLICY = ", ".join(
    [
        *(
            f"{feature}=()"
            for feature in (
                "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "fullscreen", "geolocation",
                "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment", "serial", "usb",
                "xr-spatial-tracking",
            )
        ),
        *(f"{feature}=(self)" for feature in ("publickey-credentials-create", "publickey-credentials-get")),
    ]
)  # fmt: skip

SILENCED_SYSTEM_CHECKS = [
    # TLS ends at the proxy, which redirects plain http; a redirect from here would loop behind a proxy that is not named
    # in TRUSTED_PROXIES.
    "security.W008",
    # Preloading is a promise about a whole domain; only its owner can make it.
    "security.W021",
    # http redirect URIs on loopback are RFC 8252's; clients.metadata decides about each of them, not django-oauth-toolkit.
    "oauth2_provider.W008",
]

DIRECTIVES: dict[str, Any] = {
    "default-src": [NONE],
    "script-src": [SELF, NONCE],
    "style-src": [SELF],
    "img-src": [SELF],
    "font-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "base-uri": [NONE],
}
CONTENT_SECURITY_POLICY = {"DIRECTIVES": DIRECTIVES}
# The admin theme computes in the browser (Alpine) and sets inline styles; only operators ever see these pages. Why no less
# will do, and why it is no more: docs/decisions, "The admin's content security policy".
ADMIN_CONTENT_SECURITY_POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}

# Larger forms are refused before they are parsed; the protocol endpoints have their own, lower limit.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
# Files are no part of that limit: the first handler counts them on every page.
FILE_UPLOAD_HANDLERS = [
    "identity.account.uploads.BoundedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_NUMBER_FILES = 1
