"""A page to try sequences on: runs served to a browser, from this machine alone unless asked otherwise."""
