// Command go-server serves arrow-go's SQLite Flight SQL example on a free loopback port. It prints its
// address as one line of JSON and stops when its standard input closes, so that it cannot outlive the
// test run that started it.
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql/example"
)

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
	server := flight.NewServerWithMiddleware(nil)
	server.RegisterFlightService(flightsql.NewFlightServer(sqlite))
	if err := server.Init("127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("{\"flight\":%q}\n", server.Addr().String())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		server.Shutdown()
	}()
	if err := server.Serve(); err != nil {
		log.Fatal(err)
	}
}
