"""Imported once when Django is ready: connects what listens. Nothing else may import it."""

# For its effect: the operators' list offers every kind of event, and who sends this one is imported when there is something to send.
from oauth_server.audit import events_outbox
from oauth_server.audit import receivers as audit_receivers
from oauth_server.logout import receivers as logout_receivers
from oauth_server.models import dead_connections, timestamps
from oauth_server.resource_server.dot_validator import adopt_decorators
from oauth_server.tokens import receivers as token_receivers

__all__ = [
    "audit_receivers",
    "dead_connections",
    "events_outbox",
    "logout_receivers",
    "timestamps",
    "token_receivers",
]

adopt_decorators()
