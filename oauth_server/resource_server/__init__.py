"""Protecting an API with our access tokens (RFC 6750, RFC 9068, RFC 7662): a kit that other projects import too.

Owns: reading a bearer token and answering without one (``bearer``), judging it offline by the issuer's published keys
(``jwks``, ``verify``) or by asking the issuer (``introspect``), or in the server's own process (``in_process``).
``decorators`` and ``middleware`` are for Django, ``rest_framework`` is for Django REST framework, ``dot_validator`` puts
django-oauth-toolkit's own classes in front of our tokens.

``bearer``, ``token``, ``jwks``, ``introspect`` and ``verify`` import no Django. ``in_process`` and ``dot_validator`` need
this server's models; nothing else here does, so a resource server runs without them and without our database.

Leaves to others: which tokens exist and live (``tokens``), and signatures (``jose``).
"""
