"""The pages of signing in by a provider: away to it (``start``), back from it (``callback``), who are you here (``newcomer``)."""
