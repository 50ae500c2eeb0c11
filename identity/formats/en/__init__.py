"""English: the day before the month, as in most of the world; Django's own is American."""
