"""Settings, by concern.

``environment`` reads and judges the variables (the only place that does), ``features`` holds every feature, lifetime and
limit with its default, ``base`` assembles Django's settings, ``accounts`` configures people, ``hardening`` the HTTP defences,
``logging`` the logs. Pick one of ``development``, ``production`` and ``testing`` with DJANGO_SETTINGS_MODULE.
"""
