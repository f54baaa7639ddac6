"""A Flight server on gRPC C++ (pyarrow) that answers by the case its ticket or command names.

Prints its addresses as one line of JSON and stops when its standard input closes.
"""

import json
import os
import sys

import pyarrow as pa
import pyarrow.flight as flight

import arrow_cases

TABLES = {
    "every_type": arrow_cases.every_type,
    "one_big_batch": arrow_cases.one_big_batch,
    "changing_dictionaries": arrow_cases.changing_dictionaries,
    "compressed_lz4": lambda: arrow_cases.numbers(0, 50_000),
    "compressed_zstd": lambda: arrow_cases.numbers(0, 50_000),
    "empty": lambda: arrow_cases.numbers(0, 0),
    "numbers": lambda: arrow_cases.numbers(0, 100_000),
    "endless": lambda: arrow_cases.numbers(0, 1),
    "fails_midway": lambda: arrow_cases.numbers(0, 1),
    "endpoints": lambda: arrow_cases.numbers(0, 0),
    **{f"part{i}": lambda i=i: arrow_cases.numbers(i * 10_000, 10_000, 1_000) for i in range(4)},
}

ERRORS = {
    "cancelled": flight.FlightCancelledError,
    "internal": flight.FlightInternalError,
    "timed_out": flight.FlightTimedOutError,
    "unauthenticated": flight.FlightUnauthenticatedError,
    "unauthorized": flight.FlightUnauthorizedError,
    "unavailable": flight.FlightUnavailableError,
    "invalid": pa.ArrowInvalid,
    "missing": pa.ArrowKeyError,
    "unimplemented": pa.ArrowNotImplementedError,
}


def case_of(command):
    """The last word of the command or ticket: raw SQL, or SQL inside a Flight SQL message."""
    return command.rstrip(b"\0").split(b" ")[-1].decode("utf-8", "replace")


class RecordHeaders(flight.ServerMiddlewareFactory):
    """Keeps the metadata of the latest call for the action `headers`."""

    latest = {}

    def start_call(self, info, headers):
        if info.method != flight.FlightMethod.DO_ACTION:
            RecordHeaders.latest = headers


class CaseServer(flight.FlightServerBase):
    def __init__(self, peer=None):
        super().__init__("grpc://127.0.0.1:0", middleware={"headers": RecordHeaders()})
        self.peer = peer
        self.open_streams = 0

    def get_flight_info(self, context, descriptor):
        case = case_of(descriptor.command)
        self.fail_if_asked(case)
        if case == "endpoints":
            own = f"grpc://127.0.0.1:{self.port}"
            other = f"grpc://127.0.0.1:{self.peer.port}"
            endpoints = [
                flight.FlightEndpoint(b"part0", []),
                flight.FlightEndpoint(b"part1", [own]),
                flight.FlightEndpoint(b"part2", ["arrow-flight-reuse-connection://?"]),
                flight.FlightEndpoint(b"part3", [other]),
            ]
        else:
            endpoints = [flight.FlightEndpoint(f"ticket of {case}".encode(), [])]
        schema = TABLES[case]().schema if case in TABLES else pa.schema([])
        return flight.FlightInfo(schema, descriptor, endpoints, -1, -1)

    def get_schema(self, context, descriptor):
        return flight.SchemaResult(TABLES[case_of(descriptor.command)]().schema)

    def do_get(self, context, ticket):
        case = case_of(ticket.ticket)
        self.fail_if_asked(case)
        if case not in TABLES:
            raise pa.ArrowNotImplementedError(f"no case named {case}")
        if case == "endless":
            return flight.GeneratorStream(TABLES[case]().schema, self.endless())
        if case == "fails_midway":
            return flight.GeneratorStream(TABLES[case]().schema, self.fails_midway())
        options = pa.ipc.IpcWriteOptions(
            compression={"compressed_lz4": "lz4", "compressed_zstd": "zstd"}.get(case),
            emit_dictionary_deltas=True,
        )
        return flight.RecordBatchStream(TABLES[case](), options=options)

    def do_action(self, context, action):
        if action.type == "headers":
            answer = {name: values for name, values in RecordHeaders.latest.items() if not name.endswith("-bin")}
        elif action.type == "open_streams":
            answer = self.open_streams
        else:
            raise pa.ArrowNotImplementedError(f"no action named {action.type}")
        yield flight.Result(json.dumps(answer, default=lambda value: value.decode()).encode())

    @staticmethod
    def fail_if_asked(case):
        if case.startswith("error_"):
            raise ERRORS[case.removeprefix("error_")](f"asked to fail with {case}: żółć 100%")

    def endless(self):
        self.open_streams += 1
        try:
            batch = arrow_cases.numbers(0, 8_192).to_batches()[0]
            while True:
                yield batch
        finally:
            self.open_streams -= 1

    @staticmethod
    def fails_midway():
        for start in range(0, 3 * 8_192, 8_192):
            yield arrow_cases.numbers(start, 8_192).to_batches()[0]
        raise flight.FlightServerError("the disk went away")


def main():
    peer = CaseServer()
    server = CaseServer(peer)
    print(json.dumps({"flight": f"127.0.0.1:{server.port}", "peer": f"127.0.0.1:{peer.port}"}), flush=True)
    sys.stdin.read()
    os._exit(0)


main()
