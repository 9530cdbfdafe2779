#!/bin/sh
# venv.sh PYTHON FOLDER: a virtual environment with pip, or a sentence that says what to install.
# Debian ships Python without the part that puts pip into a virtual environment; where we may, it is installed.
set -eu
python=$1 folder=$2
if [ -z "$python" ]; then
    echo "Python 3.11 or newer is needed (found: $(python3 --version 2>&1 || echo none)). Debian 12, Ubuntu 24.04 and newer have it: apt-get install python3 python3-venv" >&2
    exit 1
fi
if "$folder/bin/python" -m pip --version >/dev/null 2>&1; then exit 0; fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    sh "$(dirname "$0")/packages.sh" "$package"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "$python cannot make virtual environments: apt-get install $package" >&2
        exit 1
    fi
fi
"$python" -m venv --clear "$folder"
