"""How wrong may a judge be before routing is worse than the best fixed model?"""
