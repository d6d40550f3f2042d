"""The documentation site: pages by hand, commands and public functions from the code."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from generate import write_pages

write_pages(Path(__file__).resolve().parent / "generated")

project = "motiflens"
copyright = "the motiflens authors"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["built", "jupyter_execute", "notebooks/.ipynb_checkpoints"]
html_theme = "furo"
highlight_language = "none"  # blocks of another language say so
html_title = "motiflens"
html_static_path = ["static"]
html_css_files = ["site.css"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the notebooks are committed executed, and run by the tests
napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_typehints = "none"  # the docstrings say shapes and units, which types cannot
autodoc_member_order = "bysource"
default_role = "literal"  # `name` in a docstring is code
suppress_warnings = ["myst.header", "mystnb.unknown_mime_type"]
