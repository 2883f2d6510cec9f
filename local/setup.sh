#!/bin/sh
# Makes the virtual environment VENV with a Python that Giftflick supports (PYTHON, if set) and installs all packages.
set -eu

fail() {
    if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
        printf '\033[31m%s\033[0m\n' "$1" >&2
    else
        printf '%s\n' "$1" >&2
    fi
    exit 1
}

is_supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

find_python() {
    for python in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
        if is_supported "$python"; then
            command -v "$python"
            return
        fi
    done
    fail "Giftflick needs Python 3.11, 3.12 or 3.13: install one, or choose it with PYTHON=/path/to/python3.12"
}

# Debian keeps ensurepip, without which there is no virtual environment, in a package of its own.
need_venv() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing Debian's $package …"
        apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null && return
    fi
    fail "This Python has no venv module: sudo apt-get install $package, or choose another Python with PYTHON="
}

if ! is_supported "$VENV/bin/python"; then
    python=$(find_python)
    need_venv "$python"
    rm -rf "$VENV"
    "$python" -m venv "$VENV"
fi
echo "Installing packages into $VENV (a minute or two the first time) …"
# Bytecode is left to the first import: most of what is installed is never imported.
"$VENV/bin/python" -m pip install --quiet --no-compile --disable-pip-version-check --requirement requirements-dev.txt ||
    fail "The packages could not be installed; pip's reason is above. Then run the same command again."
