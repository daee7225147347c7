"""One folder per helpdesk; each gathers its functions in one `Connector` value."""
