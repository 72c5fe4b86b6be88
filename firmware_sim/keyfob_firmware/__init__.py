"""The simulated key fob round the core: its button, its display, its memory, and the ways people meet it."""
