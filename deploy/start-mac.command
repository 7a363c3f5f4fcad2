#!/bin/sh
# Double click me: Hayakuchi starts, and its page opens in the browser. Close this window to end it.
HAYAKUCHI_WINDOW=1 exec "$(dirname -- "$0")/start.sh" "$@"
