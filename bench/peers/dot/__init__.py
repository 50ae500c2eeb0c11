"""Stock django-oauth-toolkit: its own project, settings and tables, as its documentation sets it up."""
