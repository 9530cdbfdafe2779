"""rules.yaml: read, checked and made into what the rest goes by."""

import os

# What other packages on this machine add to pydantic is no business of our grammar; to look for it costs 30 ms.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
