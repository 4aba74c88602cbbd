"""What a model cost on a given day, and what a served call therefore cost."""

from gairp.pricing.catalogue import PriceCatalogue
from gairp.pricing.cost import call_cost, call_costs, price_trace_quantities
from gairp.pricing.load import load_catalogue
from gairp.pricing.price import Price, PriceSource, parse_day
from gairp.pricing.sheet import PriceSheet
from gairp.pricing.tokens import count_tokens

__all__ = [
    "Price",
    "PriceCatalogue",
    "PriceSheet",
    "PriceSource",
    "call_cost",
    "call_costs",
    "count_tokens",
    "load_catalogue",
    "parse_day",
    "price_trace_quantities",
]
