"""Moodbridge, the product: domain, storage, scoring, web and command line."""
