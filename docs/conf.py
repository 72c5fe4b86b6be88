"""How Sphinx makes the documentation site; `make docs` runs it."""  # noqa: INP001 - Sphinx reads it as a script

from importlib import metadata

project = "keyfob"
author = "the keyfob authors"
release = metadata.version("keyfob")
extensions = ["myst_parser"]
myst_enable_extensions = ["deflist"]
exclude_patterns = ["_build", "examples"]
nitpicky = True

myst_heading_anchors = 3

html_theme = "furo"
html_title = f"keyfob {release}"
html_show_copyright = False
html_show_sphinx = False
