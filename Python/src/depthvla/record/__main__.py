"""``python -m depthvla.record``."""

import sys

from depthvla.record.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
