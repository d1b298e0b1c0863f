"""What the commands do: each is loaded when its command runs, so that help needs none of it."""
