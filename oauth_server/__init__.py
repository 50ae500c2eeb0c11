"""The authorization server: Django project package and protocol engine."""
