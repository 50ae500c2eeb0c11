"""The way out to the network: everything that this server fetches, or sends to an address that somebody else named.

Owns the judgement of addresses (``addresses``), the guarded exchange (``fetch``) and documents that are kept between two
fetches (``cached_fetch``, ``kept``). It knows neither clients nor people, so that both ``clients`` and ``identity`` may stand on
it. Design rule 6, scorecard S-09.
"""
