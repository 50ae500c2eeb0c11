"""``python -m oauth_server.supervisor FD``: what ``manage.py run`` becomes once everything is prepared.

A process that only waits need not keep Django in memory. The plan comes through a pipe, because a command line can be read
by every user of the machine and the banner holds the demo's passwords.
"""

import json
import os
import sys

from oauth_server.supervisor.supervise import Plan, supervise

with os.fdopen(int(sys.argv[1])) as plan:
    sys.exit(supervise(Plan(**json.load(plan))))
