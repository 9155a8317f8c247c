"""The portal while its processes and connections are ended at random: `python -m tests.torture`."""
