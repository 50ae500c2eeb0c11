"""Clients: who they are, what they may do, and how they prove it.

Owns registration metadata (RFC 7591, OpenID Connect Dynamic Client Registration), security profiles, client authentication
(RFC 6749 §2.3, RFC 7523, OpenID Connect Core §9), clients' keys, and the one guarded way out to the network. What a client
then does belongs to ``grants`` and ``authorize``; sender-constrained tokens belong to ``binding``.
"""
