"""Self-service: a person looks after their own account.

Owns the pages under ``/account/`` that django-allauth does not bring: overview, profile, devices. Leaves passwords,
e-mail addresses and second factors to allauth's own views (their look is in ``templates/account`` and ``templates/mfa``).
"""
