"""The `fhir-server` command: each subcommand is a module with `register` and a `run`."""

from fhir_server.cli.main import main as main
