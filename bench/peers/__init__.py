"""Other people's servers, measured in the same run on the same machine."""
