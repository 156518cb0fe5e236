"""English dates with a 24-hour clock, written the same wherever there is one; numbers grouped by thousands."""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
SHORT_DATETIME_FORMAT = DATETIME_FORMAT
SHORT_DATE_FORMAT = DATE_FORMAT
NUMBER_GROUPING = 3
