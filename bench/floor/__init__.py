"""The floor: bare Django views that do what a job cannot do without, one statement and its signatures, and nothing else.

No middleware, no audit, no metrics, no limits, no caches to keep true, no errors. What Gatehouse takes above it is what it does besides.
"""
