"""Exit 0 when the server in this container answers, else 1 with a line that says why."""

import os
import sys
import urllib.request

URL = f"http://127.0.0.1:{os.environ.get('HAYAKUCHI_PORT', '12393')}/health"

# Proxies of the environment are for the world outside.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    with direct.open(URL, timeout=4) as answer:
        answer.read()
except OSError as error:
    sys.exit(f"{URL}: {error}")
