"""Ways to tell others of a fact: the signed webhook, and four kinds of alert channels.

Each module turns a fact into what its kind of receiver takes, and calls nobody; `kinds` gathers them and sends.
"""
