"""The room of a meeting: what is wanted of it, the bot's call in it, and who of the invited is there.

It stands above `calls` and `meetings`, which know nothing of each other, and keeps nothing of its own.
"""
