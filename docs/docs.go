// Package docs holds the generated documents that programs show.
package docs

import _ "embed" // the document

// AsyncAPI is the AsyncAPI 3.0 document of all messages, as make generate writes it.
//
//go:embed asyncapi.json
var AsyncAPI []byte
