"""``python -m docsr``."""

from docsr.cli import main

if __name__ == "__main__":
    main()
