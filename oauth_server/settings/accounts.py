"""People: allauth, password hashing, factors."""

from __future__ import annotations

from oauth_server.settings.environment import BadSetting
from oauth_server.settings.given import ENVIRONMENT, HTTPS, ISSUER_HOST, THROTTLES

AUTHENTICATION_BACKENDS = ["identity.sign_in.backend.OneHashBackend"]
PASSWORD_HASHERS = ["identity.sign_in.passwords.Argon2Hasher"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account_overview"
LOGOUT_REDIRECT_URL = "account_login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "identity.sign_in.known_passwords.AddedToValidator"},
    {"NAME": "identity.sign_in.known_passwords.BreachedValidator"},
]
BREACHED_PASSWORDS_URL: str = ENVIRONMENT["BREACHED_PASSWORDS_URL"]
PASSWORD_RESET_TIMEOUT = 3_600
DEFAULT_FROM_EMAIL = (
    ENVIRONMENT["EMAIL_FROM"] or f"Gatehouse <no-reply@{ISSUER_HOST if '.' in ISSUER_HOST else 'localhost'}>"
)

# A function of the request: which application waits behind the sign-in page. identity knows nothing of the server.
SIGN_IN_CONTEXT = "oauth_server.endpoints.sign_in_context.sign_in_context"
# A function of the request: where the browser goes after the sign-out page; empty for LOGOUT_REDIRECT_URL.
AFTER_SIGN_OUT = "oauth_server.endpoints.end_session.after_sign_out"
# A function of a person and a moment: what the front page of the account says of applications and of what happened.
ACCOUNT_GLANCE = "oauth_server.portal.glance.glance"
# The same, for what goes with an account.
DELETION_EFFECTS = "oauth_server.portal.glance.effects"
# Tables with rows about people, in the order of a deletion: children before parents.
PERSONAL_DATA = ("oauth_server.models.personal.HOLDINGS", "identity.models.personal.HOLDINGS")
# Modules with wrap() and unwrap(), and with digest(): how sessions, seeds and codes are kept from whoever reads the database.
AT_REST = {"wrap": "oauth_server.keys.wrap", "digest": "oauth_server.keys.secrets"}

IDENTIFIER_FIRST = ENVIRONMENT["IDENTIFIER_FIRST"] == "on"
SIGN_UP: str = ENVIRONMENT["SIGN_UP"]
SIGN_UP_DOMAINS: tuple[str, ...] = ENVIRONMENT["SIGN_UP_DOMAINS"]

TERMS_VERSION: str = ENVIRONMENT["TERMS_VERSION"]
if TERMS_VERSION and not ENVIRONMENT["TERMS_URL"]:
    raise BadSetting("TERMS_VERSION", "needs TERMS_URL: nobody can accept what they cannot read.")

ACCOUNT_ADAPTER = "identity.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "identity.sign_in.forms.SignInForm",
    "signup": "identity.sign_in.forms.SignUpForm",
    "add_email": "identity.sign_in.forms.AddEmailForm",
    "change_password": "identity.sign_in.forms.ChangePasswordForm",
    "set_password": "identity.sign_in.forms.SetPasswordForm",
    "reset_password": "identity.sign_in.forms.ResetPasswordForm",
    "reset_password_from_key": "identity.sign_in.forms.ResetPasswordKeyForm",
    "reauthenticate": "identity.sign_in.forms.ReauthenticateForm",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_USERNAME_MIN_LENGTH = 2
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # for e-mail addresses too: who holds one holds the account
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Development makes it optional. Only where it is mandatory can sign-up hide that an address has an account already.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 1
# In the browser that signed up, and for that sign-up alone: whoever came from an application goes on to it. A link that somebody
# else opens, or that is opened again, signs nobody in.
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
# More than a sign-up or the request for a reset takes on a machine that is not overloaded; see identity/middleware.py.
EVEN_ANSWER_SECONDS = 0.5
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
# Codes by mail (identity/sign_in/mailed.py): FEATURES says whether there are any.
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = ENVIRONMENT.lifetimes.email_code
# How long a sign-in may be under way, from its first page to its last.
ACCOUNT_LOGIN_TIMEOUT = max(900, ENVIRONMENT.lifetimes.email_code)
# Passwords and codes have limits of their own (identity/sign_in/throttle.py); these are for what allauth alone sees.
ACCOUNT_RATE_LIMITS: dict[str, str | None] | bool = (
    {"login": None, "login_failed": None, "signup": "20/10m/ip", "reset_password": "20/10m/ip,5/10m/key"}
    if THROTTLES
    else False
)

# Accounts elsewhere (identity/federation). Who they are linked to is decided there, tokens are used and forgotten.
SOCIALACCOUNT_ADAPTER = "identity.adapters.SocialAccountAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_AUTO_SIGNUP = False

MFA_ADAPTER = "identity.adapters.MFAAdapter"
MFA_FORMS = {
    "authenticate": "identity.sign_in.forms.AuthenticateForm",
    "reauthenticate": "identity.sign_in.forms.ReauthenticateByCodeForm",
    "activate_totp": "identity.sign_in.forms.ActivateTOTPForm",
    "login_webauthn": "identity.sign_in.passkeys.SignInPasskeyForm",
    "authenticate_webauthn": "identity.sign_in.passkeys.ProvePasskeyForm",
    "reauthenticate_webauthn": "identity.sign_in.passkeys.ReprovePasskeyForm",
    "add_webauthn": "identity.sign_in.passkeys.AddPasskeyForm",
    "edit_webauthn": "identity.sign_in.passkeys.RenamePasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True  # whether the pages offer it: FEATURES, and whether the issuer has a name
MFA_WEBAUTHN_USER_VERIFICATION = "preferred"  # a security key without a PIN is a second step; alone it opens nothing
# An answer cannot be guessed, and every look at the sign-in page fetches a challenge.
MFA_RATE_LIMITS: dict[str, str | None] = {"webauthn_login": "600/m/ip" if THROTTLES else None}
MFA_TOTP_TOLERANCE = 1  # half a minute of a telephone's clock
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_RECOVERY_CODE_DIGITS = 10
