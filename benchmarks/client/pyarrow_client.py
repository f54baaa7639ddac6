"""One case on pyarrow.flight's client: pyarrow_client.py PORT SQL MILLISECONDS; prints one line of JSON."""

import json
import resource
import sys
import time

import pyarrow.flight as flight

port, sql, milliseconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
client = flight.FlightClient(f"grpc://127.0.0.1:{port}")
ticket = flight.Ticket(sql.encode())


def query():
    rows = 0
    for chunk in client.do_get(ticket):
        rows += chunk.data.num_rows
    return rows


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


warm = time.perf_counter()
while time.perf_counter() - warm < 0.2:
    rows = query()

latencies = []
cpu = cpu_seconds()
start = time.perf_counter()
while len(latencies) < 2 or time.perf_counter() - start < milliseconds / 1000:
    sent = time.perf_counter()
    if query() != rows:
        raise RuntimeError("a query came back with fewer rows")
    latencies.append((time.perf_counter() - sent) * 1e6)
elapsed = time.perf_counter() - start
cpu = cpu_seconds() - cpu
latencies.sort()
print(
    json.dumps(
        {
            "queries": len(latencies),
            "elapsedUs": elapsed * 1e6,
            "p50Us": latencies[len(latencies) // 2],
            "p99Us": latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))],
            "cpuUsPerQuery": cpu * 1e6 / len(latencies),
        }
    )
)
