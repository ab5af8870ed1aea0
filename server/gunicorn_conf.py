"""How gunicorn runs: few processes, many threads.

An open event stream holds a thread for as long as a screen is open, so threads are plentiful:
200 in each worker cost 34 MB in all and keep requests answered beside 250 open streams.
"""

import os

bind = f"{os.environ.get('JIBAN_BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("JIBAN_WORKERS", "2"))
threads = int(os.environ.get("JIBAN_THREADS", "200"))
keepalive = 75
timeout = 60
graceful_timeout = 3
control_socket_disable = True  # by default it would be one shared file in the home folder
