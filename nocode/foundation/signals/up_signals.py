"""What `manage.py up` asks the modules."""

from django.dispatch import Signal

# "What else is worth opening?" A receiver answers with a list of (words, address below the site's).
up_is_ready = Signal()
