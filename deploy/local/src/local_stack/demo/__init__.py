"""The demo: a small shop whose customers are played through the real front doors, and whose totals are checked."""
