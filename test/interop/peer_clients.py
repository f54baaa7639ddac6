"""Python's Flight clients against a runtime: peer_clients.py CLIENT HOST:PORT; prints one line of JSON.

Both know nothing of this project: pyarrow.flight asks as Arrow's own documentation shows, and ADBC's
Flight SQL driver (Go) uses Flight SQL's messages, prepared statements and metadata calls.
"""

import json
import sys

import pyarrow as pa
import pyarrow.flight as flight

TRADES = "SELECT symbol, price, volume, time FROM trades ORDER BY time"


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def failure(action):
    try:
        action()
    except Exception as error:  # whatever the client makes of the server's status
        return f"{type(error).__name__}: {error}"
    return None


def with_pyarrow(address):
    client = flight.FlightClient(f"grpc://{address}")

    def query(sql):
        info = client.get_flight_info(flight.FlightDescriptor.for_command(sql))
        tables = [client.do_get(endpoint.ticket).read_all() for endpoint in info.endpoints]
        return info, pa.concat_tables(tables)

    info, trades = query(TRADES)
    return {
        "schema": [[field.name, str(field.type)] for field in trades.schema],
        "announced": [[field.name, str(field.type)] for field in info.schema],
        "rows": trades.to_pylist(),
        "direct": client.do_get(flight.Ticket(TRADES)).read_all().num_rows,
        "schemaOnly": client.get_schema(flight.FlightDescriptor.for_command(TRADES)).schema.names,
        "many": query("SELECT * FROM range(100000)")[1].num_rows,
        "error": failure(lambda: query("SELECT * FROM missing_table")),
    }


def with_adbc(address):
    import adbc_driver_flightsql.dbapi as dbapi

    with dbapi.connect(f"grpc://{address}", autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(TRADES)
        trades = cursor.fetch_arrow_table()
        cursor.execute("SELECT volume FROM trades WHERE symbol = ? AND price > ?", ("BTC", 1.5))
        bound = cursor.fetchall()
        cursor.execute("SELECT * FROM range(100000)")
        many = len(cursor.fetch_arrow_table())
        objects = connection.adbc_get_objects(depth="tables").read_all().to_pylist()
        return {
            "schema": [[field.name, str(field.type)] for field in trades.schema],
            "rows": trades.to_pylist(),
            "bound": bound,
            "many": many,
            "tables": [
                table["table_name"]
                for catalog in objects
                for schema in catalog["catalog_db_schemas"] or []
                for table in schema["db_schema_tables"] or []
            ],
            "tableTypes": connection.adbc_get_table_types(),
            "vendor": connection.adbc_get_info().get("vendor_name"),
            "error": failure(lambda: cursor.execute("SELECT * FROM missing_table")),
        }


client, address = sys.argv[1:]
print(json.dumps({"pyarrow": with_pyarrow, "adbc": with_adbc}[client](address), default=text))
