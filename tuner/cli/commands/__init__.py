"""One module a command. They import heavy packages when they run, not when they are listed."""
