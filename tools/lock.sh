#!/bin/sh
# Pin what CI installs, with the hash of every file: requirements/*.txt (`make lock`).
# Read: UV (the command, default uv). uv reads its own settings, such as UV_CONSTRAINT, besides.
set -eu

cd "$(dirname "$0")/.."
mkdir -p requirements
lock() {
    name=$1
    shift
    "${UV:-uv}" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
        --custom-compile-command "make lock" --output-file "requirements/$name.txt" "$@"
}
# setuptools builds docsr itself, which is installed without an environment of its own for that.
echo "setuptools>=77" | lock dev --extra dev pyproject.toml -
lock release --group release
lock security --group security
lock fuzz --group fuzz
