#!/bin/sh
# Pins what the generator's tests and every generated service install, on any platform, in
# constraints.txt: names and versions only, never the address of an index.
set -eu

rm -rf build/constraints
python -m eventsmith new build/constraints --defaults --no-git --no-lock >/dev/null
uv pip compile --quiet --universal --upgrade --python-version 3.11 --no-annotate --no-header \
  --output-file build/constraints.txt pyproject.toml --group dev \
  build/constraints/pyproject.toml --group build/constraints/pyproject.toml:dev
if grep -n '://\|^-' build/constraints.txt; then
  echo "constraints.txt was left alone: the lines above name an index or a path" >&2
  exit 1
fi
mv build/constraints.txt constraints.txt
rm -rf build/constraints

# The image and the CI of every service take the same uv.
uv=$(sed -n 's/^uv==//p' constraints.txt)
grep -rl 'astral-sh/uv:\|astral-sh/setup-uv@' template/service | tr '\n' '\0' | xargs -0 perl -pi -e \
  "s|astral-sh/uv:\K[0-9.]*\d|$uv|; s|^ +version: \"\K[0-9.]+|$uv|"
