"""What a simulated day must have left in every table, worked out anew from what the feed served.

Nothing here imports the rooms that hold the suite's rules: an error there would otherwise agree with itself. Names of
tables, columns and products are shared; constants are not.
"""
