"""Writers of the duty list (权责清单), of what it routes, and of absences."""
