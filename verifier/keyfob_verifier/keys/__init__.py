"""The keys above the seeds: data keys, and the key-encryption key that wraps them."""
