"""What the command-centre wall reads of the queue and of its log. Nothing here writes."""
