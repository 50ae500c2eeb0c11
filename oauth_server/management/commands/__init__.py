"""One file a command; each prints JSON on request and exits with a code that a script can trust."""
