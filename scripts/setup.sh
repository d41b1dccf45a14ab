#!/bin/sh
# Makes .venv: built under build/ and moved into place when complete, so that a set-up that fails
# or is stopped blocks nothing. Uses the uv on the PATH or, failing that, one that pip brings.
set -eu

python=$1
say() { echo "$*" >&2; exit 1; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
  say "$python is not Python 3.11 or newer; run: make PYTHON=python3.11"

rm -rf build/venv build/uv
if ! uv=$(command -v uv); then
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    say "$python has no venv module; install python3-venv (Debian, Ubuntu) or uv, then run make again"
  "$python" -m venv build/uv
  build/uv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
  uv=build/uv/bin/uv
fi

"$uv" venv --quiet --relocatable --no-project --python "$python" build/venv
"$python" scripts/uv_env.py "$uv" pip install --quiet --python build/venv \
  --constraint constraints.txt --editable . --group dev
rm -rf .venv build/uv
mv build/venv .venv
touch .venv/complete
