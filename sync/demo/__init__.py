"""A company on the sandboxes: for the demo, for `demo_check`, and for the tests of the whole way."""
