// Package contract holds every message of the stack, one file per domain:
// types, their routes, and nothing that runs. docs/wire.md describes the wire;
// the words of their tags are explained in kit/wire.
//
// To add a message, write its struct in the file of its domain, or in one of your
// own, and give it a Route: its topic, and as QoS AtLeastOnce for commands, requests
// and what must not be lost, AtMostOnce for what the next one replaces. Embed
// msg.Ident only when other messages refer to it; a question needs none, as the kit
// pairs it with its answer. Put the unit of every number in its comment. A message
// that asks gets Reply, and one with a "+" in its topic gets Key and SetKey. Then list
// the type in routes_test.go, with the event type written out (the topic with dots,
// unless its Route names another), list what asks below "What asks is answered by
// what" there, and run go test ./contract.
//
// A message of your own needs no vectors. Those in testdata/golden hold the wire to
// that of the reference, the Python stack that this project grew out of. Who adds
// some writes a file for each, an envelope as it travels, and its row in index.tsv:
// file, topic, event type, Go type, valid or invalid, the reason in the words that
// the other rows have, and envelope or bare. Files of invalid ones lie in bad/ and
// end in -missing, -above, -null and so on, by which the test knows what error to
// expect.
//
// A pointer is a field that may be null. A field with a default that must be
// able to carry zero or false is a pointer too: nil is the default.
// All times are Unix seconds unless a comment says otherwise.
package contract
