"""Signing in with an account from elsewhere: Gatehouse as the relying party of an upstream provider.

Owns the providers that operators set up (``presets``, ``configure``, ``connection``), the conversation with them (``metadata``,
``authorize``, ``answer``, ``redeem``, ``id_token``, ``profile``), what follows from it (``linking``, ``mapping``, ``assurance``,
``sign_in``), signing out there and from there (``sign_out``, ``back_channel``), and the pages of all that (``pages``).

Standards: OpenID Connect Core 1.0 §3.1 and Discovery 1.0 as a client, RFC 6749, RFC 7636, RFC 9207, RP-Initiated Logout 1.0,
Back-Channel Logout 1.0. The linked accounts are django-allauth's rows (``SocialAccount``), as are the sign-up form, the mails and the
steps of a sign-in; the conversation is ours, because allauth's neither sends a nonce nor verifies an ID token's signature
(decision 10).

Somebody elsewhere is known by issuer and subject, and by nothing else (OpenID Connect Core §5.7).
"""
