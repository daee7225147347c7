"""A strict stand-in of one Freshdesk account, over real HTTP."""
