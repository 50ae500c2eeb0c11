"""The front channel: what an authorization request may ask, what the person must still do, how the answer travels.

Owns decisions only (RFC 6749 §4.1, OpenID Connect Core §3.1.2, RFC 9207): ``checks`` judge a request, ``prompts`` name every
reason to ask the person, ``dispatch`` picks the next step, ``respond`` issues the code, ``response_modes`` shape the answer.
Leaves HTTP to ``endpoints``, signing in to ``identity``, minting to ``tokens``. Each step of the person is a redirect that
returns to the dispatcher with proof of that one step.
"""
