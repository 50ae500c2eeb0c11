"""For app servers that speak ASGI. Gatehouse itself is run over WSGI: nothing in it waits on sockets in a request."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oauth_server.settings.production")

application = get_asgi_application()
