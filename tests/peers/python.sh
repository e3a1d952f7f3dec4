#!/usr/bin/env bash
# What gpbuild sends, sent again by the official Python package of each provider that has one: see packages.py.
#
#     cargo build -p gpbuild -p api-server && tests/peers/python.sh [FOLDER WITH BOTH]
#
# Needs Python 3 with venv and the registry of its packages, and is left out where there is none; all else is in a temporary
# folder.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
binaries=$(realpath "${1:-${CARGO_TARGET_DIR:-$here/../../target}/debug}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! python3 -m venv "$work/venv" ||
    ! "$work/venv/bin/pip" install --quiet --no-compile --requirement "$here/requirements.txt"; then
    echo "left out: the packages cannot be had here"
    exit 0
fi
"$work/venv/bin/python" "$here/packages.py" "$binaries"
