#!/bin/sh
# Make a virtual environment and install pinned requirements into it, every file checked against its hash.
# Usage: venv.sh FOLDER REQUIREMENTS...
set -eu

folder=$1
shift

say() {
    echo "Gatehouse: $*" >&2
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if [ ! -x "$folder/bin/python" ]; then
    python=
    for candidate in ${BASE_PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if new_enough "$candidate"; then
            python=$candidate
            break
        fi
    done
    if [ -z "$python" ]; then
        found=$(python3 --version 2>/dev/null || echo "none at all")
        say "Python 3.11 or newer is needed, and $found was found. On Debian: apt install python3 python3-venv"
        exit 1
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        say "this Python cannot make virtual environments. On Debian: apt install python3-venv"
        exit 1
    fi
    echo "Making $folder with $("$python" --version) …"
    "$python" -m venv "$folder"
fi

for requirements; do
    echo "Installing $requirements …"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements"
done
