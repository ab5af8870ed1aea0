"""`make bench`: measured against budget, on the real server, in one table. Never part of the tests."""
