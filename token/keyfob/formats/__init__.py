"""Files that carry the credentials of many fobs at once: one module for each format."""
