"""What the tests of the built binary share: starting it, and whom it talks to."""
