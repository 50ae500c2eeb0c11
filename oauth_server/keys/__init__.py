"""Everything that is secret or makes secrets: our signing keys and their ages, random values, encryption at rest.

Owns the four ages of a signing key (announced → signing → verifying → removed), the public JWKS (RFC 7517 §5), the one
place that mints and digests random values, and the key-encryption key. What a token says belongs to ``tokens``, how a
JWS is made and checked to ``jose``.
"""
