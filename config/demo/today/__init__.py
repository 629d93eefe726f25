"""The day that goes on: people speak and work over HTTP, like any other program would."""
