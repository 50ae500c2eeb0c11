"""The words of the RFCs: errors, names, parameters, scopes, PKCE, redirect URIs.

Owns what can be said and how it is read. Everything here is pure: standard library only, no Django, no I/O, no clock.
What is stored belongs to ``models``; what is decided belongs to ``grants`` and ``authorize``.
"""
