"""Operators' pages: read, disable, revoke, rotate. A secret or a token is never shown."""
