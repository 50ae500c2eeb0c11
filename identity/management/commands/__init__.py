"""One file a command; each prints a sentence, or JSON with ``--json``, and exits with 1 when it could not."""
