"""The addresses under ``/account/``: ours first, then django-allauth's."""

from __future__ import annotations

from django.urls import include, path, re_path

from identity.account import appearance, devices, factors, overview, password, picture, privacy, profile, username
from identity.federation.urls import addresses as federation
from identity.look import views as look
from identity.sign_in import sign_up, step_up
from identity.sign_in import views as sign_in

urlpatterns = [
    path("", overview.show, name="account_overview"),
    path("profile/", profile.edit, name="account_profile"),
    path("profile/picture/", picture.change, name="account_picture_change"),
    path("picture/<str:name>", picture.show, name="account_picture"),
    path("username/", username.change, name="account_username"),
    path("password/change/", password.change, name="account_change_password"),
    path("password/set/", password.set_first, name="account_set_password"),
    path("appearance/", appearance.edit, name="account_appearance"),
    path("privacy/", privacy.show, name="account_privacy"),
    path("privacy/export/", privacy.export, name="account_export"),
    path("privacy/delete/", privacy.delete, name="account_delete"),
    path("sessions/", devices.listing, name="account_sessions"),
    path("sessions/end-others/", devices.end_others, name="account_sessions_end_others"),
    path("sessions/trusted/<int:pk>/forget/", devices.forget, name="account_sessions_forget"),
    path("sessions/<str:sid>/end/", devices.end_one, name="account_sessions_end"),
    path("look/", look.choose, name="account_look"),
    path("brand/style.css", look.style, name="brand_style"),
    path("brand/logo", look.logo, name="brand_logo"),
    path("login/", sign_in.login, name="account_login"),
    *federation,
    path("login/cancel/", sign_in.cancel, name="account_login_cancel"),
    path("login/code/", sign_in.ask_for_code, name="account_request_login_code"),
    path("login/code/confirm/", sign_in.type_code, name="account_confirm_login_code"),
    path("invitation/not-mine/", sign_up.put_aside, name="account_invitation_put_aside"),
    path("invitation/<str:secret>/", sign_up.accept, name="account_invitation"),
    path("login/terms/", sign_in.terms, name="account_terms"),
    path("signup/", sign_in.sign_up, name="account_signup"),
    path("signup/by-passkey/", sign_in.sign_up_by_passkey, name="account_signup_by_passkey"),
    path("signup/code/", sign_in.sign_up_code, name="account_signup_code"),
    path("signup/passkey/", sign_in.sign_up_passkey, name="account_signup_passkey"),
    path("2fa/", factors.overview, name="mfa_index"),
    path("login/more/", step_up.more, name="account_login_more"),
    path("reauthenticate/", sign_in.password_again, name="account_reauthenticate"),
    path("2fa/authenticate/", sign_in.second_step, name="mfa_authenticate"),
    path("2fa/reauthenticate/", sign_in.code_again, name="mfa_reauthenticate"),
    path("2fa/totp/activate/", factors.set_up_app, name="mfa_activate_totp"),
    path("2fa/recovery-codes/", factors.view_codes, name="mfa_view_recovery_codes"),
    path("2fa/webauthn/", factors.passkeys_page, name="mfa_list_webauthn"),
    path("2fa/webauthn/login/", sign_in.passkey, name="mfa_login_webauthn"),
    path("2fa/webauthn/reauthenticate/", sign_in.passkey_again, name="mfa_reauthenticate_webauthn"),
    path("2fa/webauthn/add/", factors.add_passkey, name="mfa_add_webauthn"),
    path("2fa/webauthn/keys/<int:pk>/edit/", factors.rename_passkey, name="mfa_edit_webauthn"),
    path("2fa/webauthn/keys/<int:pk>/remove/", factors.remove_passkey, name="mfa_remove_webauthn"),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)/$", sign_in.confirm_email, name="account_confirm_email"),
    path("", include("allauth.urls")),
]
