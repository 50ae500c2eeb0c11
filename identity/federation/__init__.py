"""Signing in with an account from elsewhere. Empty until upstream providers arrive."""
