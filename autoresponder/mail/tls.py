"""Whom we trust: one TLS context for each distinct setting, shared by every IMAP and SMTP connection.

Promises: certificates and host names are always verified, TLS 1.2 is the least; with `ca_file` only that file's
authorities are trusted, else the system's. Loading the system's authorities costs 27 ms and 832 kB, hence one each.
A replaced `ca_file` is read anew. Fails with `ConfigError` for a file that cannot be used; `why_not_trusted` turns
a failed handshake into a `RemoteError`.
"""

import ssl
import threading
from functools import lru_cache
from pathlib import Path

from autoresponder.errors import ConfigError, RemoteError

_ONE_AT_A_TIME = threading.Lock()  # lru_cache alone would let two threads build the same context twice

_EXPIRED, _NOT_YET, _HOST_MISMATCH, _IP_MISMATCH = 10, 9, 62, 64  # X509_V_ERR_*, openssl/x509_vfy.h


def context(ca_file: str = "") -> ssl.SSLContext:
    """The shared verifying client context; `ca_file` is a PEM file ("" for the system's authorities)."""
    stamp = 0
    if ca_file:
        try:
            stamp = Path(ca_file).stat().st_mtime_ns
        except OSError as error:
            raise ConfigError(
                f"cannot read ca_file: {error.strerror}", place=ca_file, step="give the path of a PEM file"
            ) from error
    with _ONE_AT_A_TIME:
        return _make(ca_file, stamp)


@lru_cache(maxsize=64)
def _make(ca_file: str, _stamp: int) -> ssl.SSLContext:
    try:
        made = ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigError(
            "ca_file holds no certificate that can be read",
            place=ca_file,
            step="it must be a PEM file: -----BEGIN CERTIFICATE-----",
        ) from error
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def why_not_trusted(error: ssl.SSLError, host: str, place: str) -> RemoteError:
    """The sentence for a TLS handshake that failed with `error`; `place` is host:port."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in (_HOST_MISMATCH, _IP_MISMATCH):
            sentence, step = f"the server's certificate is not for {host}", "use the host name the certificate is for"
        elif error.verify_code in (_EXPIRED, _NOT_YET):
            state = "has expired" if error.verify_code == _EXPIRED else "is not valid yet"
            sentence, step = f"the server's certificate {state}", "renew it on the server, or check this clock"
        else:
            sentence = f"the server's certificate is not trusted ({error.verify_message})"
            step = "if the authority is your own, name its certificate: ca_file, or --ca-file of init"
        return RemoteError(sentence, place=place, step=step, fatal=True)
    if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"):
        return RemoteError(
            "the server does not speak TLS on this port",
            place=place,
            step="check the port, or use starttls as security",
            fatal=True,
        )
    what = (error.reason or "connection closed").lower().replace("_", " ")
    return RemoteError(f"TLS could not be set up: {what}", place=place, step="check the server's TLS settings")
