"""The outside world of mail: one module a protocol (IMAP, SMTP), `tls.py` for whom we trust. Nothing here decides anything."""
