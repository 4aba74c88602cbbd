"""`python -m gairp.runners.recording.metered [write] [key=value …]`: without the rest of Hydra.

With `write`, nothing is recorded: the tables are made of what is there.
"""

from __future__ import annotations

import sys

from gairp.runners.recording.metered.runner import from_yaml

if __name__ == "__main__":
    overrides = [word for word in sys.argv[1:] if word != "write"]
    runner = from_yaml("conf/experiment/record_local.yaml", overrides)
    print(runner.write() if "write" in sys.argv[1:] else runner.run())
