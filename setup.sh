#!/bin/sh
# Make .venv and install nnscratch into it, with the extras named: sh setup.sh plot,data
# On Debian it installs python3-venv first where that is missing, and for the tests a C++ compiler:
# CUDA kernels are run on the CPU by what it makes of them.
set -eu
cd "$(dirname "$0")"
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    as_root apt-get update -qq
    as_root apt-get install -y -qq python3-venv
fi
case ",${1:-plot}," in
*,test,*)
    if ! command -v g++ >/dev/null; then
        as_root apt-get update -qq
        as_root apt-get install -y -qq g++
    fi
    ;;
esac
[ -x .venv/bin/pip ] || python3 -m venv --clear .venv
.venv/bin/pip install --quiet --disable-pip-version-check --editable ".[${1:-plot}]"
