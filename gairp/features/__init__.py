"""From the text of a request to a vector of features that policies read."""

from gairp.features.base import Builder
from gairp.features.cached import CachedFeatures
from gairp.features.concat import ConcatFeatures
from gairp.features.fitted import FittedFeatures
from gairp.features.hashed import HashedNgrams
from gairp.features.metadata import Metadata
from gairp.features.minilm import MiniLM
from gairp.features.pca import PcaFeatures
from gairp.features.protocol import FeatureBuilder, Matrix, State
from gairp.features.spec import FeatureSpec
from gairp.features.tfidf_svd import TfidfSvd

__all__ = [
    "Builder",
    "CachedFeatures",
    "ConcatFeatures",
    "FeatureBuilder",
    "FeatureSpec",
    "FittedFeatures",
    "HashedNgrams",
    "Matrix",
    "Metadata",
    "MiniLM",
    "PcaFeatures",
    "State",
    "TfidfSvd",
]
