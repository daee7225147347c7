"""`python -m connectors.sandbox.desk`."""

import sys

from connectors.sandbox.desk import main

sys.exit(main())
