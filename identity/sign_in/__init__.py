"""How somebody proves who they are.

Owns the sign-in page and re-authentication (``views``), the limits on guessing (``throttle``), the cost of a password
(``passwords``) and the arithmetic of assurance (``assurance``; RFC 8176, OpenID Connect Core §2 ``acr`` and ``amr``). The
flows themselves are django-allauth's; what becomes of a sign-in is ``identity.sessions``.
"""
