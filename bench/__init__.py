"""Load profiles, peers, and the table that ``python -m bench`` prints."""
