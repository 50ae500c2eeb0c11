"""Imported once when Django is ready: connects receivers and system checks."""
