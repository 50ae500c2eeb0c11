"""Signing out: who asks for it, for whom, and where to afterwards (OpenID Connect RP-Initiated Logout 1.0).

Owns the judgement of logout requests and what a sign-in's end does to tokens. Leaves ending the sign-in to ``identity``, HTTP to
``endpoints``. An ``id_token_hint`` says which sign-in is meant; it never proves that whoever sends it may end it.
"""
