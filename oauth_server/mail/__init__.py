"""Mail: written down with the fact that it tells of, sent by the worker.

Owns Django's mail back end (``backend``: a mail becomes a row of the outbox, encrypted, since it may hold a code or a link that
opens an account) and the sending (``send``: by settings.MAIL_BACKEND, with the outbox's patience). What a mail says stands in
``templates/``; who is mailed what is the business of whoever calls ``django.core.mail``.
"""
