"""``python -m tegaki``."""

from tegaki.cli.main import main

if __name__ == "__main__":
    main()
