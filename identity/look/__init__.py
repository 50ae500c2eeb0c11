"""How pages look and which language they speak: the operator's brand, and a person's choice of language and theme.

Owns the brand's style sheet and logo (``brand``, ``views``), colours that stay readable whatever was asked for (``colours``, pure) and
the order in which a language is chosen (``language``). Leaves layout and tokens to ``static/css`` and ``templates``.
"""
