"""Is the duplicate matcher right? Labelled pairs of real requests, and how it does on them."""
