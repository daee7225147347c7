"""What RQ runs: the worker, the scheduler, the drain engine and one small module per drain."""
