"""A shared mailbox as the helpdesk: what a mail says, who speaks in it, and which conversation it belongs to."""
