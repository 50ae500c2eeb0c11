"""The outbox: what has to happen outside the database is a row, written in the transaction of the fact (design rule 7).

Owns the writing of such rows (``put``), their delivery (``deliver``: at least once, with a backoff, up to a number of tries),
the Celery task that moves them and the nudge that starts it at once. Celery holds nothing: without a broker the rows wait.
Leaves what an effect is to whoever handles its topic (``topics``).
"""
