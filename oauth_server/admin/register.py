"""Which table has which page. Interactions, replays and versions have none: nobody can act on them."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import Group
from django.db.models import Model

from identity.models import Invitation, LoginSession, Upstream, User
from oauth_server.admin.audit import AuditEventAdmin, OutboxAdmin
from oauth_server.admin.consents import ConsentAdmin
from oauth_server.admin.invitations import InvitationAdmin
from oauth_server.admin.keys import SigningKeyAdmin
from oauth_server.admin.people import PersonAdmin, RoleAdmin, SignInAdmin
from oauth_server.admin.tokens import FamilyAdmin
from oauth_server.admin.upstreams import UpstreamAdmin
from oauth_server.models import AuditEvent, Consent, IDToken, OutboxMessage, SigningKey, TokenFamily

# Registered by others: allauth's pages show the seed of a factor and change addresses without proof, link
# accounts to anybody and keep secrets in clear; ID tokens have no rows.
WITHOUT_A_PAGE: Final = (Authenticator, EmailAddress, IDToken, Group, SocialAccount, SocialApp, SocialToken)

# Clients, codes, access tokens and refresh tokens are registered by django-oauth-toolkit, through OAUTH2_PROVIDER.
PAGES: Final[tuple[tuple[type[Model], type[ModelAdmin[Any]]], ...]] = (
    (User, PersonAdmin),
    (Group, RoleAdmin),
    (LoginSession, SignInAdmin),
    (Invitation, InvitationAdmin),
    (Upstream, UpstreamAdmin),
    (Consent, ConsentAdmin),
    (TokenFamily, FamilyAdmin),
    (SigningKey, SigningKeyAdmin),
    (AuditEvent, AuditEventAdmin),
    (OutboxMessage, OutboxAdmin),
)

for _model in WITHOUT_A_PAGE:
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)
for _model, _page in PAGES:
    admin.site.register(_model, _page)
