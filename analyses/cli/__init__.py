"""The command line: one thin file per subcommand, the only place that prints."""
