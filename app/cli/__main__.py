"""`python -m app.cli` is `postern`."""

import sys

from app.cli import main

sys.exit(main())
