"""Running: child processes and their supervisor, the embedded Redis, and the web server's process."""
