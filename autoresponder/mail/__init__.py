"""The outside world of mail: a module a protocol, `tls.py` for whom we trust. Nothing here decides anything."""
