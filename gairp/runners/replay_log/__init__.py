"""Does an interaction log, fed to the same policies, give the same decisions, bit for bit?"""
