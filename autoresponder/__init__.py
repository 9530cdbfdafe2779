"""autoresponder: acknowledges every letter once, and never a machine's. See docs/architecture.md."""

__version__ = "0.1.0"
