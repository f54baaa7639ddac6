"""The tables the Flight server of this suite answers with, by the SQL text that asks for them."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa

UTC = dt.timezone.utc


def column(name, values, type_):
    return pa.field(name, type_), pa.array(values, type_)


def every_type():
    """Three rows of every Arrow type: a plain value, a null, and a value at the edge of the type."""
    struct = pa.struct([("name", pa.string()), ("count", pa.int64())])
    columns = [
        (pa.field("null", pa.null()), pa.nulls(3)),
        column("bool", [True, None, False], pa.bool_()),
        column("int8", [1, None, -(2**7)], pa.int8()),
        column("int16", [1, None, -(2**15)], pa.int16()),
        column("int32", [1, None, -(2**31)], pa.int32()),
        column("int64", [1, None, -(2**63)], pa.int64()),
        column("uint8", [1, None, 2**8 - 1], pa.uint8()),
        column("uint16", [1, None, 2**16 - 1], pa.uint16()),
        column("uint32", [1, None, 2**32 - 1], pa.uint32()),
        column("uint64", [1, None, 2**64 - 1], pa.uint64()),
        column("float16", [1.5, None, -0.25], pa.float16()),
        column("float32", [1.5, None, -0.25], pa.float32()),
        column("float64", [1.5, None, 1e308], pa.float64()),
        column("decimal32", [Decimal("1.23"), None, Decimal("-99999.99")], pa.decimal32(7, 2)),
        column("decimal64", [Decimal("1.23"), None, Decimal("-9999999999999.99")], pa.decimal64(15, 2)),
        column(
            "decimal128",
            [Decimal("1.2300000000"), None, Decimal("-9999999999999999999999999999.9999999999")],
            pa.decimal128(38, 10),
        ),
        column("decimal256", [Decimal("1.5"), None, Decimal("-" + "9" * 75 + ".9")], pa.decimal256(76, 1)),
        column("utf8", ["plain", None, "żółć 🙂"], pa.string()),
        column("large_utf8", ["plain", None, ""], pa.large_string()),
        column("utf8_view", ["short", None, "longer than twelve bytes"], pa.string_view()),
        column("binary", [b"\x00\x01", None, b""], pa.binary()),
        column("large_binary", [b"\x00\x01", None, b"\xff"], pa.large_binary()),
        column("binary_view", [b"\x00", None, bytes(range(20))], pa.binary_view()),
        column("fixed_size_binary", [b"abc", None, b"\x00\x01\x02"], pa.binary(3)),
        column("date32", [dt.date(2026, 1, 2), None, dt.date(1969, 12, 31)], pa.date32()),
        column("date64", [dt.date(2026, 1, 2), None, dt.date(1969, 12, 31)], pa.date64()),
        column("time32_s", [3_661, None, 86_399], pa.time32("s")),
        column("time32_ms", [3_661_001, None, 0], pa.time32("ms")),
        column("time64_us", [3_661_000_001, None, 0], pa.time64("us")),
        column("time64_ns", [3_661_000_000_001, None, 86_399_999_999_999], pa.time64("ns")),
        column("timestamp_s", [1_700_000_000, None, -1], pa.timestamp("s")),
        column("timestamp_ms", [1_700_000_000_001, None, -1], pa.timestamp("ms", "UTC")),
        column("timestamp_us", [1_700_000_000_000_001, None, -1], pa.timestamp("us")),
        column("timestamp_ns", [1_700_000_000_000_000_001, None, -1], pa.timestamp("ns", "Europe/Warsaw")),
        column("duration_s", [1, None, -(2**62)], pa.duration("s")),
        column("duration_ms", [1, None, -1], pa.duration("ms")),
        column("duration_us", [1, None, -1], pa.duration("us")),
        column("duration_ns", [1, None, -1], pa.duration("ns")),
        column("interval", [(1, 2, 3), None, (-1, -2, -3)], pa.month_day_nano_interval()),
        column("list", [[1, None, 3], None, []], pa.list_(pa.int32())),
        column("large_list", [["a"], None, ["b", None]], pa.large_list(pa.string())),
        column("list_view", [[1], None, [2, 3]], pa.list_view(pa.int64())),
        column("large_list_view", [[1], None, [2, 3]], pa.large_list_view(pa.int32())),
        column("fixed_size_list", [[1.0, 2.0], None, [3.0, None]], pa.list_(pa.float64(), 2)),
        column("struct", [{"name": "a", "count": 1}, None, {"name": None, "count": -1}], struct),
        column("map", [[("a", 1), ("b", None)], None, []], pa.map_(pa.string(), pa.int32())),
        (
            pa.field("dictionary", pa.dictionary(pa.int8(), pa.string())),
            pa.array(["x", None, "y"]).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string())),
        ),
        (
            pa.field("run_end_encoded", pa.run_end_encoded(pa.int32(), pa.string())),
            pa.RunEndEncodedArray.from_arrays(
                pa.array([1, 2, 3], pa.int32()), pa.array(["x", None, "y"], pa.string())
            ),
        ),
        (
            pa.field("sparse_union", pa.sparse_union([pa.field("i", pa.int32()), pa.field("s", pa.string())])),
            pa.UnionArray.from_sparse(
                pa.array([0, 1, 0], pa.int8()),
                [pa.array([1, 0, None], pa.int32()), pa.array(["", "two", ""], pa.string())],
                ["i", "s"],
            ),
        ),
        (
            pa.field("dense_union", pa.dense_union([pa.field("i", pa.int32()), pa.field("s", pa.string())])),
            pa.UnionArray.from_dense(
                pa.array([0, 1, 0], pa.int8()),
                pa.array([0, 0, 1], pa.int32()),
                [pa.array([1, None], pa.int32()), pa.array(["two"], pa.string())],
                ["i", "s"],
            ),
        ),
    ]
    return pa.table([array for _, array in columns], schema=pa.schema([field for field, _ in columns]))


def numbers(start, count, per_batch=8192):
    values = range(start, start + count)
    table = pa.table({"id": pa.array(values, pa.int64()), "text": pa.array([f"row {i}" for i in values])})
    return pa.Table.from_batches(table.to_batches(max_chunksize=per_batch), schema=table.schema)


def one_big_batch():
    """One record batch of 48 MiB: far over gRPC's default limit of 4 MiB for a message."""
    return pa.table({"id": pa.array(range(6 << 20), pa.int64())})


def changing_dictionaries():
    """Batches of a dictionary column whose dictionary grows and then changes altogether."""
    type_ = pa.dictionary(pa.int32(), pa.string())
    dictionaries = [["a", "b"], ["a", "b", "c"], ["z"]]
    batches = [
        pa.record_batch(
            [pa.DictionaryArray.from_arrays(pa.array(range(len(values)), pa.int32()), pa.array(values))],
            schema=pa.schema([("letter", type_)]),
        )
        for values in dictionaries
    ]
    return pa.Table.from_batches(batches)
