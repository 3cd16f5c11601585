"""One file per subcommand of `groundwork`."""
