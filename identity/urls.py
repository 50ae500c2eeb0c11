"""The addresses under ``/account/``: ours first, then django-allauth's."""

from __future__ import annotations

from django.urls import include, path, re_path

from identity.account import devices, overview, profile
from identity.sign_in import views as sign_in

urlpatterns = [
    path("", overview.show, name="account_overview"),
    path("profile/", profile.edit, name="account_profile"),
    path("sessions/", devices.listing, name="account_sessions"),
    path("sessions/end-others/", devices.end_others, name="account_sessions_end_others"),
    path("sessions/<str:sid>/end/", devices.end_one, name="account_sessions_end"),
    path("login/", sign_in.login, name="account_login"),
    path("login/cancel/", sign_in.cancel, name="account_login_cancel"),
    path("signup/", sign_in.sign_up, name="account_signup"),
    path("2fa/authenticate/", sign_in.second_factor, name="mfa_authenticate"),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)/$", sign_in.confirm_email, name="account_confirm_email"),
    path("", include("allauth.urls")),
]
