"""Commands for operators and scripts: arguments in, one call into the packages below, text or JSON out. Decisions live there."""
