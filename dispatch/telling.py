"""The name under which our server (config/framing.py) offers a short way to tell a socket a text.

It stands by itself because uvicorn's child processes read the server before Django is set up.
"""

TELL = "sanxian.tell"
