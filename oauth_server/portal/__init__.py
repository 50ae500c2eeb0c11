"""Third-party developers' own pages, and the one where a person sees which applications they allowed.

Owns forms, pages and words. The rules of registration are ``clients.metadata``'s (RFC 7591), secrets are
``clients.secrets``', ending tokens is ``tokens``'; operators have ``admin``. Only the owner sees an application: for
everybody else it does not exist.
"""
