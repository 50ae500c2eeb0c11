"""HTTP in, HTTP out: each endpoint reads a request, asks a decision, writes the answer.

Owns status codes, headers, media types and CORS; ``base`` is the shell of all of them. Decisions live below.
"""
