"""`python -m gairp.admin COMMAND`."""

import sys

from gairp.admin.command import main

if __name__ == "__main__":
    sys.exit(main())
