"""Operators' pages: read, disable, revoke, rotate. A secret or a token is never shown, nor the digest of one.

Owns the Django admin site of this installation: who gets in (staff, by our own sign-in page), what each table shows, and
the acts, each of which is an audit event with the name of who did it. The acts themselves belong to the packages below;
developers' own pages belong to ``portal``.
"""
