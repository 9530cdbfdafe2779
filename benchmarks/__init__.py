"""Speed and memory, printed beside the floor measured in the same run: `make bench`, or `python -m benchmarks`."""
