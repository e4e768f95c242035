// Command cmd serves the scripted engine on port 8000, for a container.
package main

import (
	"log"
	"net/http"

	"github.com/gotars/tars/test/engine"
)

func main() { log.Fatal(http.ListenAndServe(":8000", engine.Handler())) }
