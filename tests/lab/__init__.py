"""Throw-away servers on loopback for the tests: real Dovecot and Postfix, a recording SMTP server, a scripted one.

Nothing outside one temporary folder is read or written (except the kernel's inotify limit, raised when root), every
port is a free one, every process is ended by its own pid, and nothing listens anywhere but on 127.0.0.1. Tests get
them as fixtures (tests/conftest.py); a script may use the same classes as context managers.
"""

DOMAIN = "lab.test"
"""The domain of the lab's own users; their names are u1, u2, ..."""
PASSWORD = "secret"
"""Everybody's, until a test changes it."""
HOST = "127.0.0.1"
PATIENCE = 60.0
"""Seconds after which something that should have happened long ago is a failure: busy machines stand still for many."""
