"""The web server's side: hooks, health, API and pages. It calls what `bridge` can do and never touches a table."""
