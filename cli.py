"""The command line from a checkout: ``python cli.py build``."""

from longalpaca_data.cli import main

if __name__ == "__main__":  # workers are spawned and import this file again
    main()
