"""Window policies: one file each, three plain functions on floats over a small state."""
