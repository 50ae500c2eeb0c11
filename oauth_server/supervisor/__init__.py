"""One command that is a whole server: prepares what is missing, then keeps web, worker and beat together.

Owns the list of processes and their life. What they do belongs to the packages below; containers start the same processes
one by one (docker/entrypoint.sh).
"""
