"""`make faults`: a private city under load is killed piece by piece; then all is counted."""
