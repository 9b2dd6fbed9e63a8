"""Answers what croniter makes of cron expressions.

Reads one JSON object a line from stdin: {"cron": text, "after": epoch seconds, "count": number}, in UTC.
Writes one JSON line for each: {"next": [epoch seconds...], "previous": epoch seconds} or {"error": text};
"previous" is the last slot strictly before "after", or null before croniter's first year.
Exits with 3 when croniter is not installed.
"""

import json
import sys
from datetime import datetime, timezone

try:
    from croniter import croniter
except ImportError:
    sys.exit(3)


def answer(question):
    start = datetime.fromtimestamp(question["after"], tz=timezone.utc)
    # implement_cron_bug is Vixie cron's rule: a day field that begins with `*` restricts nothing by itself.
    options = {"ret_type": float, "implement_cron_bug": True, "max_years_between_matches": 100}
    forward = croniter(question["cron"], start, **options)
    slots = [int(forward.get_next()) for _ in range(question["count"])]
    try:
        previous = int(croniter(question["cron"], start, **options).get_prev())
    except (ValueError, OverflowError, OSError):
        previous = None
    return {"next": slots, "previous": previous}


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:  # The test decides which refusals it expects.
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=False)
