"""The person: accounts, sign-in, sessions, self-service.

Owns who somebody is and how they proved it. It never imports ``oauth_server``; it speaks upward through ``signals``.
"""
