"""Each day's import: meetings, their races, their entrants."""
