"""The report of a study in a changing world: how fast policies follow, and at what price."""

from gairp.report.world.study import WorldRun, WorldStudy

__all__ = ["WorldRun", "WorldStudy"]
