"""How dates are written, where Django's own way is not ours; one package a language (settings.FORMAT_MODULE_PATH)."""
