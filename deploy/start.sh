#!/bin/sh
# Starts Hayakuchi from the folder above this one, on Linux and macOS. Words after it go to `hayakuchi run`.
set -u

# In a window that was opened for this, a message has to stay until it was read.
ended() {
    code=$1
    case $code in 0 | 130) exit 0 ;; esac
    printf '\nHayakuchi has ended with code %s. What went wrong stands above.\n' "$code" >&2
    if [ -t 0 ] && [ -n "${HAYAKUCHI_WINDOW:-}" ]; then
        printf 'Press Enter to close this window. ' >&2
        read -r _ || true
    fi
    exit "$code"
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P) || ended 1
cd -- "$here/.." || ended 1
if [ ! -f pyproject.toml ]; then
    echo 'The other files are missing here. Unpack the whole archive first.' >&2
    ended 1
fi

PATH=$PATH:$HOME/.local/bin:$HOME/.cargo/bin:/opt/homebrew/bin:/usr/local/bin
if ! command -v uv >/dev/null 2>&1; then
    echo 'Hayakuchi needs uv, which fetches Python and all packages. Installing it for you only (https://astral.sh/uv) ...'
    installer=$(mktemp) || ended 1
    if command -v curl >/dev/null 2>&1; then
        curl -fsSL --proto '=https' --max-time 120 -o "$installer" https://astral.sh/uv/install.sh && sh "$installer"
    else
        wget -q -T 120 -O "$installer" https://astral.sh/uv/install.sh && sh "$installer"
    fi
    rm -f -- "$installer"
fi
if ! command -v uv >/dev/null 2>&1; then
    echo 'uv could not be installed. Install it as https://docs.astral.sh/uv/ says, then start me again.' >&2
    ended 1
fi

echo 'Starting. The first time, packages are fetched, which takes some minutes. Ctrl+C ends Hayakuchi.'
# Ctrl+C is for the server; this script waits for it and then looks how it ended.
trap : INT
uv run --no-dev hayakuchi run "$@"
ended $?
