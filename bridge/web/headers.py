"""The headers that every answer carries."""

ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("Server", ""),  # granian would put its name there
)

NOT_STORED = ("Cache-Control", "no-store")

ONLY_HTTPS = ("Strict-Transport-Security", "max-age=31536000")
