#!/usr/bin/env bash
# What gpbuild sends, sent again by the official Python package of each provider that has one: see packages.py.
#
#     cargo build -p gpbuild -p api-server && tests/peers/python.sh [FOLDER WITH BOTH]
#
# Needs Python 3 with venv and the registry of its packages; all else is in a temporary folder.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
binaries=$(realpath "${1:-${CARGO_TARGET_DIR:-$here/../../target}/debug}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile --requirement "$here/requirements.txt"
"$work/venv/bin/python" "$here/packages.py" "$binaries"
