"""Run `postern` as `python -m postern_server`."""

import sys

from postern_server import main

sys.exit(main())
