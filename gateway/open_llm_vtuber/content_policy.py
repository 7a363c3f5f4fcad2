"""What files of the user's may do in a browser (Content-Security-Policy)."""

from __future__ import annotations

PICTURES = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
"""A picture that is opened by itself runs nothing: SVG may hold scripts."""
SCRIPTS = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline' https:; img-src * data: blob:; font-src 'self' data: https:; "
    "media-src * data: blob:; connect-src * ws: wss: data: blob:; worker-src 'self' blob:; frame-src https:; "
    "object-src 'none'; base-uri 'self'; frame-ancestors 'self'"
)
"""A frontend that the user has put there: its own scripts, workers and WebAssembly run, and it may fetch models and pictures
from wherever its settings say. Scripts of other hosts, and those that somebody gets written into the page, do not run."""
