"""``python -m fairlead``."""

from fairlead.service.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
