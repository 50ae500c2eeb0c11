#!/bin/sh
# Make what compose.yaml needs and no repository may hold: docker/.env and docker/secrets/. What exists is kept.
# Usage: make-secrets.sh HOST [FOLDER]
set -eu

host=${1:?usage: make-secrets.sh HOST [FOLDER]}
folder=${2:-$(dirname "$0")}
secrets=$folder/secrets
umask 077
mkdir -p "$secrets"

random() {
    openssl rand -base64 "$1" | tr -d '\n' | tr '+/' '-_'
}

# The containers' user is not yours, so the files are readable and their folder is not.
keep() {
    [ -e "$secrets/$1" ] || random "$2" >"$secrets/$1"
    chmod 644 "$secrets/$1"
}

keep secret_key 64
keep key_encryption_key 32
keep metrics_token 32

if [ ! -e "$secrets/tls.key" ]; then
    # Good for a trial; put a certificate that browsers trust in its place.
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj "/CN=$host" \
        -addext "subjectAltName=DNS:$host" -keyout "$secrets/tls.key" -out "$secrets/tls.crt" 2>/dev/null
    chmod 644 "$secrets/tls.key" "$secrets/tls.crt"
fi

if [ ! -e "$folder/.env" ]; then
    {
        echo "GATEHOUSE_HOST=$host"
        echo "POSTGRES_PASSWORD=$(random 24 | tr -d '=')"
        echo "RABBITMQ_PASSWORD=$(random 24 | tr -d '=')"
    } >"$folder/.env"
fi
echo "Made $folder/.env and $secrets. Next: docker compose -f docker/compose.yaml up --build"
