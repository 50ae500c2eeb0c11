"""Facts: what happened, to whom, from where, with what result.

Owns the event classes, the one way to record them (row, metric, log line), and the numbers that operators watch. It decides
nothing. Secrets never enter an event.
"""
