"""Signing out: who asks for it, for whom, where to afterwards, and who else is told.

RP-Initiated Logout (``rp_initiated``), Front-Channel Logout (``front_channel``), Back-Channel Logout (``back_channel``) and
Session Management (``session_state``), all 1.0. Owns the judgement of logout requests, and what a sign-in's end does to tokens
and to the clients that took part. Leaves ending the sign-in to ``identity``, HTTP to ``endpoints``, delivery to ``outbox``. An
``id_token_hint`` says which sign-in is meant; it never proves that whoever sends it may end it.
"""
