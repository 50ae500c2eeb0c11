"""The Celery app and the beat table: what runs, how often. Each package owns its tasks; this is the one list of them.

Tasks move rows and bytes that the database already knows about, so that losing the broker loses time and nothing else:
JSON only, acknowledged late, idempotent. Without BROKER_URL the messages are files in the data folder.
"""

from __future__ import annotations

import os
import warnings
from datetime import timedelta
from typing import Any, Final

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

from oauth_server.settings.files import prepare_data_dir
from oauth_server.settings.logging import configure

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oauth_server.settings.production")

# task → how often. Every task is harmless when two beats send it twice.
BEAT: Final[dict[str, timedelta]] = {
    "oauth_server.keys.tasks.rotate_signing_keys": timedelta(hours=1),
    "oauth_server.tokens.tasks.clean_up": timedelta(minutes=10),
    "identity.tasks.delete_people": timedelta(minutes=10),
    "oauth_server.outbox.tasks.deliver": timedelta(seconds=10),
}


def broker(url: str) -> dict[str, Any]:
    """Celery's broker settings.

    Args:
        url: BROKER_URL; messages as files in DATA_DIR/broker when empty.
    """
    if url:
        # A broker that is away must not hold up whoever sends: what matters waits in the outbox table.
        return {
            "broker_url": url,
            "broker_transport_options": {"socket_timeout": 5, "socket_connect_timeout": 2, "max_retries": 1},
        }
    folder = settings.DATA_DIR / "broker"
    for path in (folder, folder / "messages", folder / "control"):
        prepare_data_dir(path)
    return {
        "broker_url": "filesystem://",
        "broker_transport": "oauth_server.embedded_broker:Transport",
        "broker_transport_options": {
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(folder / "control"),
        },
    }


# Celery fears pickled messages from strangers; ours are JSON.
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")

app = Celery("gatehouse")
app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    result_backend=None,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=300,
    task_publish_retry=False,
    broker_connection_timeout=2,
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    enable_utc=True,
    timezone="UTC",
    imports=sorted({task.rpartition(".")[0] for task in BEAT}),
    # A worker that comes back after an hour must not find an hour of the same errand: the next one is on its way.
    beat_schedule={
        task: {"task": task, "schedule": every, "options": {"expires": every.total_seconds()}}
        for task, every in BEAT.items()
    },
    beat_schedule_filename=str(settings.DATA_DIR / "beat"),
    **broker(settings.BROKER_URL),
)


@setup_logging.connect
def log_as_the_web_does(**_: Any) -> None:
    """Keep Celery from installing handlers of its own, whose lines would not be redacted."""
    configure(settings.LOGGING)
