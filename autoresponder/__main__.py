"""`python -m autoresponder`."""

from autoresponder.cli import program

program()
