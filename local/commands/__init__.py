"""One module a command of `./raceday`."""
