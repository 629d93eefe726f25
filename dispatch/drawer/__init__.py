"""The drawer of one case and its printed sheet: shaped for people from the case file."""
