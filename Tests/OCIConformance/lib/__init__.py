"""What the tests of the registry are written in: a client, contents to push, expectations, a register of tests."""
