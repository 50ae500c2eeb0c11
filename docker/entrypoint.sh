#!/bin/sh
# What a container does: one process of the server, the preparation of the database, or a command of manage.py.
#   entrypoint.sh web | worker | beat | prepare
#   entrypoint.sh create_client --json '{...}'
set -eu

cd "$(dirname "$0")/.."
export DJANGO_SETTINGS_MODULE="${DJANGO_SETTINGS_MODULE:-oauth_server.settings.production}"

case "${1:-web}" in
    web | worker | beat | prepare) exec python manage.py run "${1:-web}" ;;
    *) exec python manage.py "$@" ;;
esac
