"""HTTP alone, for gunicorn: each worker reads the open cases before it is asked for them."""

import os
from threading import Thread

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from dispatch.board.current import warm_up  # noqa: E402

Thread(target=warm_up, name="board", daemon=True).start()
