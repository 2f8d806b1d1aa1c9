"""What keeps a box alive: stopping from outside, checking, backup and restore."""
