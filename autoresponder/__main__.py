"""`python -m autoresponder`."""

import sys

from autoresponder.cli import main

sys.exit(main())
