"""Tokens: minted once, found, described, revoked.

Owns ``Authorization`` (what any grant proved) and ``issue`` (the single mint and the single save): RFC 6749 §5.1, RFC 9068,
OpenID Connect Core §2, RFC 7662, RFC 7009. Which grant may ask is decided in ``grants``; who asks, in ``clients``.
"""
