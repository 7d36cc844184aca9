"""A company on the sandboxes: for the demo, and for `demo_check`."""
