"""JOSE: signing our tokens, and the one strict front door for every JWT that comes from outside.

Owns the tables of algorithms per use, key generation, thumbprints (RFC 7638), signing (RFC 7515) and verification of
client assertions, request objects, ID token hints and our own JWT access tokens (RFC 7519, RFC 8725). It knows no
database, no settings and no network: keys come in as arguments, a key named inside a token (``jwk``, ``jku``, ``x5u``,
``x5c``) is never used. Which keys are ours and how old they are belongs to ``keys``; a client's keys to ``clients``.
"""
