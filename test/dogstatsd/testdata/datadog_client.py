"""One value of each type by Python's datadog: PREFIX, then the client's options as JSON."""
import json
import sys
import time

from datadog.dogstatsd.base import DogStatsd

prefix, options = sys.argv[1], json.loads(sys.argv[2])


class Client(DogStatsd):
    """Waits a moment between packets: Linux queues ten Unix datagrams, and this client drops more."""

    def _send_to_server(self, packet):
        super()._send_to_server(packet)
        time.sleep(0.01)


client = Client(
    constant_tags=["service:" + prefix, "env:test"],
    disable_telemetry=True,
    # Values as they are called, not brought together by the client first.
    disable_aggregation=True,
    disable_buffering=True,
    **options,
)
for _ in range(3):
    client.increment(prefix + ".count", 2, tags=["route:/cart"])
client.decrement(prefix + ".down", 5)
client.gauge(prefix + ".gauge", 7.25)
for value in [10, 20, 60]:
    client.timing(prefix + ".timing", value)
    client.histogram(prefix + ".histogram", value)
    client.distribution(prefix + ".distribution", value)
for member in ["ann", "bob", "ann"]:
    client.set(prefix + ".set", member)
client.event("deployed", "version 2 is out", alert_type="warning", tags=["route:/cart"])
client.service_check(prefix + ".check", 1, message="slow")
client.close_socket()
