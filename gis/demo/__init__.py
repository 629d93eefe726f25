"""The demo city 云澜市 (code 3399): invented, deterministic, and drawn by us from nothing."""
