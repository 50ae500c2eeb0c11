"""Template tags: those that every page may use (``house``), and whether there are providers elsewhere (``providers``)."""
