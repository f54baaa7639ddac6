// Command go-server serves arrow-go's SQLite Flight SQL example, and a bulk append it lacks, on a free
// loopback port. It prints its
// address as one line of JSON and stops when its standard input closes, so that it cannot outlive the
// test run that started it.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql/example"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// server is the example with CommandStatementIngest: rows are inserted in one transaction.
type server struct {
	*example.SQLiteFlightSQLServer
	database *sql.DB
}

func (s *server) DoPutCommandStatementIngest(ctx context.Context, command flightsql.StatementIngest, reader flight.MessageReader) (int64, error) {
	options := command.GetTableDefinitionOptions()
	if options.GetIfNotExist() != flightsql.TableDefinitionOptionsTableNotExistOptionFail ||
		options.GetIfExists() != flightsql.TableDefinitionOptionsTableExistsOptionAppend {
		return 0, status.Error(codes.InvalidArgument, "only appends to a table that exists")
	}
	transaction, err := s.database.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = transaction.Rollback() }()
	columns := make([]string, 0)
	for _, field := range reader.Schema().Fields() {
		columns = append(columns, quoted(field.Name))
	}
	text := fmt.Sprintf("INSERT INTO %s (%s) VALUES (?%s)", quoted(command.GetTable()),
		strings.Join(columns, ", "), strings.Repeat(", ?", len(columns)-1))
	var count int64
	for reader.Next() {
		record := reader.RecordBatch()
		for row := 0; row < int(record.NumRows()); row++ {
			values := make([]any, record.NumCols())
			for column := range values {
				if !record.Column(column).IsNull(row) {
					values[column] = valueOf(record.Column(column), row)
				}
			}
			if _, err := transaction.ExecContext(ctx, text, values...); err != nil {
				return 0, status.Error(codes.InvalidArgument, err.Error())
			}
			count++
		}
	}
	if err := reader.Err(); err != nil {
		return 0, err
	}
	return count, transaction.Commit()
}

func valueOf(values any, row int) any {
	switch column := values.(type) {
	case *array.Int64:
		return column.Value(row)
	case *array.String:
		return column.Value(row)
	}
	return nil
}

func quoted(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

func main() {
	database, err := example.CreateDB()
	if err != nil {
		log.Fatal(err)
	}
	defer database.Close()

	sqlite, err := example.NewSQLiteFlightSQLServer(database)
	if err != nil {
		log.Fatal(err)
	}
	flightServer := flight.NewServerWithMiddleware(nil)
	flightServer.RegisterFlightService(flightsql.NewFlightServer(&server{sqlite, database}))
	if err := flightServer.Init("127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("{\"flight\":%q}\n", flightServer.Addr().String())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		flightServer.Shutdown()
	}()
	if err := flightServer.Serve(); err != nil {
		log.Fatal(err)
	}
}
