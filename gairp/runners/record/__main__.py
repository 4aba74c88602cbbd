"""`python -m gairp.runners.record [key=value …]`: the recording without the rest of Hydra."""

from __future__ import annotations

import sys

from gairp.runners.record.runner import from_yaml

if __name__ == "__main__":
    from_yaml("conf/experiment/record_local.yaml", sys.argv[1:]).run()
