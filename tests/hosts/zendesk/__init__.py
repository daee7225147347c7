"""A strict stand-in for Zendesk on loopback: it refuses, meters, delays and repeats as the real one does.

The rules come from Zendesk's own pages, named beside each; where those say nothing, a switch of `Account` holds both
ways. `server.serve(account)` puts one account on a port; tests play its agents and customers through `Account`.
"""
