"""The tables of the file that holds conversations, keys and their use. A change is a new script at the end.

The messages of a session are a tree: each has a ``parent``, and what was said is the way from one without to
``head``; ``sessions.messages`` is how many there are on it. A parent that is not there was forgotten.
"""

from __future__ import annotations

MIGRATIONS = (
    """
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  character TEXT NOT NULL,
  title TEXT NOT NULL,
  head INTEGER,
  messages INTEGER NOT NULL DEFAULT 0,
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL,
  UNIQUE (owner, name)
);
CREATE INDEX sessions_by_use ON sessions (owner, updated_at);
CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  session INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  parent INTEGER,
  role TEXT NOT NULL,
  content TEXT NOT NULL,
  viewer TEXT,
  extra TEXT,
  status TEXT,
  created_at REAL NOT NULL
);
CREATE INDEX messages_by_parent ON messages (session, parent);
CREATE UNIQUE INDEX messages_by_time ON messages (session, created_at);
CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  owner TEXT NOT NULL,
  scopes TEXT NOT NULL,
  limits TEXT NOT NULL,
  created_at REAL NOT NULL,
  expires_at REAL,
  revoked_at REAL
);
CREATE TABLE usage (
  caller TEXT NOT NULL,
  day TEXT NOT NULL,
  characters INTEGER NOT NULL DEFAULT 0,
  audio_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (caller, day)
) WITHOUT ROWID
""",
)
