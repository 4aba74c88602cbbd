"""Load and faults: is anything lost, billed twice, or late, whatever fails meanwhile?"""
