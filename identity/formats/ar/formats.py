"""See django.conf.locale.ar.formats for the names."""

DATE_FORMAT = "j F Y"
DATETIME_FORMAT = "j F Y، H:i"
