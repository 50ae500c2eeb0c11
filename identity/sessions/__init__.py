"""A sign-in becomes a session, is read, and ends.

Owns the browser's session (``store``: digests at rest), the person's sign-in that it carries (``start``, ``read``,
``end``; ``sid`` of OpenID Connect Front-Channel Logout §3) and their two lives (``lives``). Leaves to others what is
bound to a sign-in: they listen to ``identity.signals.session_ended``.
"""
