"""The database: tables, migrations, and every statement that touches them."""
