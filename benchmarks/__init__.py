"""What homestim's speed, memory and stop times are, measured on this machine beside their peers.

`python -m benchmarks` writes build/bench.json and prints a table. Every time to a stop ends where the
*device* reads it, in its own log. Against the virtual devices; on hardware: not yet measured.
"""
