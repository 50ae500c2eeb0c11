"""Sender-constrained tokens: a request becomes a Confirmation, or none.

Owns proofs of possession: DPoP (RFC 9449) and certificate-bound access tokens (RFC 8705 §3). Client authentication with a
certificate (RFC 8705 §2) belongs to ``clients``; what a token says about its confirmation belongs to ``tokens``.
"""
