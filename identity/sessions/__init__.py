"""A sign-in becomes a session, is read, and ends."""
