"""Django's back end for SQLite, for processes whose threads write to one file."""
