"""Everything that is stored about people; the only place of this package that builds queries."""

from identity.models.invitation import Invitation
from identity.models.once import MailedNotice, SpentMailedCode
from identity.models.picture import Picture
from identity.models.session import BrowserSession, LoginSession
from identity.models.terms import AcceptedTerms
from identity.models.trusted import TrustedBrowser
from identity.models.upstream import ReceivedLogout, Upstream, UpstreamSignIn
from identity.models.user import User, email_is_verified

__all__ = [
    "AcceptedTerms",
    "BrowserSession",
    "Invitation",
    "LoginSession",
    "MailedNotice",
    "Picture",
    "ReceivedLogout",
    "SpentMailedCode",
    "TrustedBrowser",
    "Upstream",
    "UpstreamSignIn",
    "User",
    "email_is_verified",
]
