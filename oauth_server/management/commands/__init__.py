"""One file a command. With ``--json`` each prints one JSON object; errors go to standard error, with exit code 1."""
