"""The HTTP bench: virtual fobs for tests in any language, and a page to hold them in hand."""
