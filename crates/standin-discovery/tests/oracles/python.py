"""What libraries of Python make of texts: `hcl2` says whether each file is HCL, `apscheduler` when each trigger fires."""

import datetime
import json
import sys

what, texts = sys.argv[1], sys.argv[2:]


def terraform(name):
    import hcl2

    try:
        with open(name, encoding="utf-8") as file:
            hcl2.load(file)
        return True
    except Exception as error:  # Whatever it is, it is a refusal.
        return str(error).splitlines()[0]


def slots(arguments):
    from apscheduler.triggers.cron import CronTrigger

    zone = datetime.timezone.utc
    try:
        trigger = eval(f"CronTrigger{arguments}", {"CronTrigger": CronTrigger})
    except Exception as error:
        return str(error)
    now, seen = datetime.datetime(2026, 1, 15, 0, 0, 0, 500, tzinfo=zone), []
    for _ in range(4):
        now = trigger.get_next_fire_time(None, now)
        if now is None:
            break
        seen.append(now.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"))
        now += datetime.timedelta(microseconds=500)
    return seen


print(json.dumps([{"hcl2": terraform, "apscheduler": slots}[what](text) for text in texts]))
