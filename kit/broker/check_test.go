package broker

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// decodeHex is what s, with blanks anywhere, stands for.
func decodeHex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Packets are in hex, without the length behind the first byte.
func TestPacketsThatTheProtocolForbids(t *testing.T) {
	tests := map[string]struct {
		version byte // 0 is 5
		packet  string
		want    *packetError
	}{
		"SUBSCRIBE without its options":                    {packet: "82 0001 00 000161", want: errField},
		"SUBSCRIBE with one filter too few":                {packet: "82 0001 00", want: errNoFilter},
		"SUBSCRIBE with an empty filter":                   {packet: "82 0001 00 0000 00", want: errEmptyFilter},
		"SUBSCRIBE with identifier 0":                      {packet: "82 0000 00 000161 00", want: errPacketID},
		"SUBSCRIBE with other flags":                       {packet: "80 0001 00 000161 00", want: errHeader},
		"SUBSCRIBE cut in its properties":                  {packet: "82 0001 05 0b", want: errProperties},
		"SUBSCRIBE with subscription identifier 0":         {packet: "82 0001 02 0b00 000161 00", want: errPropertyValue},
		"SUBSCRIBE with two subscription identifiers":      {packet: "82 0001 04 0b01 0b02 000161 00", want: errPropertyTwice},
		"SUBSCRIBE with an overlong identifier":            {packet: "82 0001 03 0b8100 000161 00", want: errProperties},
		"SUBSCRIBE at QoS 3":                               {packet: "82 0001 00 000161 03", want: errOptions},
		"SUBSCRIBE with Retain Handling 3":                 {packet: "82 0001 00 000161 30", want: errOptions},
		"SUBSCRIBE with a reserved option":                 {packet: "82 0001 00 000161 40", want: errOptions},
		"SUBSCRIBE of 3.1.1 with an option of 5":           {version: 4, packet: "82 0001 000161 04", want: errOptions},
		"SUBSCRIBE with No Local in a group":               {packet: "82 0001 00 000a 2473686172652f672f61 04", want: errSharedNoLocal},
		"SUBSCRIBE with a control character":               {packet: "82 0001 00 000109 00", want: errField},
		"SUBSCRIBE of 3.1 cut in the filter":               {version: 3, packet: "82 0001 000561", want: errField},
		"SUBSCRIBE of nothing":                             {packet: "82", want: errField},
		"UNSUBSCRIBE with no filter":                       {packet: "a2 0001 00", want: errNoFilter},
		"UNSUBSCRIBE with an empty filter":                 {version: 4, packet: "a2 0001 0000", want: errEmptyFilter},
		"UNSUBSCRIBE with a subscription identifier":       {packet: "a2 0001 02 0b01 000161", want: errPropertyPlace},
		"PUBLISH at QoS 3":                                 {packet: "36 000161 0001 00", want: errHeader},
		"PUBLISH at QoS 0 as a duplicate":                  {packet: "38 000161 00", want: errHeader},
		"PUBLISH with identifier 0":                        {packet: "32 000161 0000 00", want: errPacketID},
		"PUBLISH without its identifier":                   {packet: "32 000161", want: errField},
		"PUBLISH on no topic":                              {packet: "30 0000 00", want: errTopic},
		"PUBLISH on a wildcard":                            {version: 4, packet: "30 0003 612f23", want: errTopic},
		"PUBLISH cut in the topic":                         {packet: "30 0009 6161", want: errField},
		"PUBLISH without properties":                       {packet: "30 000161", want: errProperties},
		"PUBLISH with more properties than there is":       {packet: "30 000161 7f", want: errProperties},
		"PUBLISH with a length of five bytes":              {packet: "30 000161 8080808001", want: errProperties},
		"PUBLISH with a topic alias":                       {packet: "30 0000 03 230001", want: errTopic},
		"PUBLISH with a topic alias beside a topic":        {packet: "30 000161 03 230001", want: errTopicAlias},
		"PUBLISH with a property of CONNECT":               {packet: "30 000161 05 1100000001", want: errPropertyPlace},
		"PUBLISH with an unknown property":                 {packet: "30 000161 02 7e01", want: errProperties},
		"PUBLISH with a property twice":                    {packet: "30 000161 04 01010101", want: errPropertyTwice},
		"PUBLISH with format 2":                            {packet: "30 000161 02 0102", want: errPropertyValue},
		"PUBLISH with a subscription identifier":           {packet: "30 000161 02 0b01", want: errPropertyPlace},
		"PUBLISH with a tab in a user property":            {packet: "30 000161 07 26 0001 09 0001 61", want: errProperties},
		"PUBLISH with a newline in the content type":       {packet: "30 000161 04 03 0001 0a", want: errProperties},
		"PUBLISH with a wildcard as response topic":        {packet: "30 000161 04 08 0001 23", want: errResponseTopic},
		"PUBLISH with half a user property":                {packet: "30 000161 04 26 0001 61", want: errProperties},
		"PUBACK with identifier 0":                         {packet: "40 0000", want: errPacketID},
		"PUBACK of one byte":                               {packet: "40 00", want: errLength},
		"PUBACK of 3.1.1 with a reason":                    {version: 4, packet: "40 0001 00", want: errLength},
		"PUBACK with a reason of DISCONNECT":               {packet: "40 0001 04", want: errReason},
		"PUBACK with bytes after the properties":           {packet: "40 0001 00 00 00", want: errLength},
		"PUBACK with a control character":                  {packet: "40 0001 00 04 1f 0001 7f", want: errProperties},
		"PUBREL with other flags":                          {packet: "60 0001", want: errHeader},
		"PUBREC with flags":                                {packet: "52 0001", want: errHeader},
		"PUBCOMP with a reason of PUBACK":                  {packet: "70 0001 10", want: errReason},
		"PINGREQ with content":                             {packet: "c0 00", want: errLength},
		"DISCONNECT of 3.1.1 with content":                 {version: 4, packet: "e0 00", want: errLength},
		"DISCONNECT with a reason of the broker":           {packet: "e0 8e", want: errReason},
		"DISCONNECT cut in its properties":                 {packet: "e0 00 05 11", want: errProperties},
		"AUTH":                                             {packet: "f0 00 00", want: errNoAuth},
		"AUTH of 3.1.1":                                    {version: 4, packet: "f0", want: errHeader},
		"CONNECT again":                                    {packet: "10 0004 4d515454 05 02 003c 00 0000", want: errSecondConnect},
		"CONNACK":                                          {packet: "20 00 00 00", want: errType},
		"SUBACK":                                           {packet: "90 0001 00 00", want: errType},
		"UNSUBACK":                                         {version: 3, packet: "b0 0001", want: errType},
		"PINGRESP":                                         {packet: "d0", want: errType},
		"type 0":                                           {packet: "00", want: errHeader},
		"a good SUBSCRIBE":                                 {packet: "82 0001 02 0b01 000161 2d", want: nil},
		"a good SUBSCRIBE to a group":                      {packet: "82 0001 00 000a 2473686172652f672f61 01", want: nil},
		"a good SUBSCRIBE of 3.1":                          {version: 3, packet: "82 0001 000161 02", want: nil},
		"a good UNSUBSCRIBE":                               {packet: "a2 0001 00 000161", want: nil},
		"a good PUBLISH with all its properties":           {packet: "3d 000161 0001 21 0101 0200000001 03000161 08000162 09000163 26000161000162 26000161000162 ff", want: nil},
		"a good PUBACK":                                    {packet: "40 0001 10 00", want: nil},
		"a good PUBREL":                                    {packet: "62 0001 92", want: nil},
		"a good DISCONNECT with a will":                    {packet: "e0 04 05 1100000001", want: nil},
		"a good DISCONNECT of 3.1":                         {version: 3, packet: "e0", want: nil},
		"a good PINGREQ":                                   {packet: "c0", want: nil},
		"a good PUBLISH of 3.1.1 with an emoji":            {version: 4, packet: "30 0004 f09f9880", want: nil},
		"PUBLISH of 3.1.1 with half an emoji":              {version: 4, packet: "30 0002 f09f", want: errField},
		"PUBLISH of 3.1.1 with a surrogate":                {version: 4, packet: "30 0003 eda080", want: errField},
		"PUBLISH of 3.1.1 with U+FDD0":                     {version: 4, packet: "30 0003 efb790", want: errField},
		"PUBLISH of 3.1.1 with U+1FFFF":                    {version: 4, packet: "30 0004 f09fbfbf", want: errField},
		"PUBLISH of 3.1.1 with U+0085":                     {version: 4, packet: "30 0002 c285", want: errField},
		"PUBLISH of 3.1.1 with U+FFFD is a good one":       {version: 4, packet: "30 0003 efbfbd", want: nil},
		"DISCONNECT with a control character in its words": {packet: "e0 00 04 1f 0001 1b", want: errProperties},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := decodeHex(t, tt.packet)
			version := tt.version
			if version == 0 {
				version = 5
			}
			got, _ := errors.AsType[*packetError](checkPacket(version, p[0], p[1:]))
			if got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

func TestLoginsThatTheProtocolForbids(t *testing.T) {
	const mqtt = "0004 4d515454 "
	tests := map[string]struct {
		packet string
		code   byte // 0: it is good
	}{
		"another protocol":                            {"0004 4d515455 05 02 003c 00 0000", codeMalformed},
		"version 6":                                   {mqtt + "06 02 003c 00 0000", codeVersion},
		"version 5 of 3.1":                            {"0006 4d5149736470 05 02 003c 00 0000", codeVersion},
		"the reserved flag":                           {mqtt + "05 03 003c 00 0000", codeMalformed},
		"a will at QoS 3":                             {mqtt + "05 1e 003c 00 0000 00 000161 0000", codeMalformed},
		"a QoS without a will":                        {mqtt + "05 0a 003c 00 0000", codeMalformed},
		"a retained will without a will":              {mqtt + "04 22 003c 0000", codeMalformed},
		"a will on a wildcard":                        {mqtt + "05 06 003c 00 0000 00 000123 000161", codeMalformed},
		"a will on no topic":                          {mqtt + "04 06 003c 0000 0000 000161", codeMalformed},
		"a will with a control character":             {mqtt + "04 06 003c 0000 000101 000161", codeMalformed},
		"a will with a control character beside it":   {mqtt + "05 06 003c 00 0000 04 03 0001 0d 000161 000161", codeMalformed},
		"a will that is cut":                          {mqtt + "05 06 003c 00 0000", codeMalformed},
		"a password alone at 3.1.1":                   {mqtt + "04 42 003c 0000 000161", codeMalformed},
		"a user that is not there":                    {mqtt + "04 82 003c 0000", codeMalformed},
		"a user with a control character":             {mqtt + "04 82 003c 0000 000107", codeMalformed},
		"a client id with a control character":        {mqtt + "05 02 003c 00 000107", codeMalformed},
		"bytes behind the end":                        {mqtt + "05 02 003c 00 0000 00", codeMalformed},
		"Receive Maximum 0":                           {mqtt + "05 02 003c 03 210000 0000", codeProtocolError},
		"Maximum Packet Size 0":                       {mqtt + "05 02 003c 05 2700000000 0000", codeProtocolError},
		"Session Expiry twice":                        {mqtt + "05 02 003c 0a 1100000001 1100000001 0000", codeProtocolError},
		"a property of PUBLISH":                       {mqtt + "05 02 003c 02 0101 0000", codeProtocolError},
		"authentication data without a method":        {mqtt + "05 02 003c 04 16000161 0000", codeProtocolError},
		"no client id for a session of 3.1.1":         {mqtt + "04 00 003c 0000", codeClientID},
		"no client id at 3.1":                         {"0006 4d5149736470 03 02 003c 0000", codeClientID},
		"nothing":                                     {"", codeMalformed},
		"half":                                        {mqtt + "05 02", codeMalformed},
		"a good one of 3.1":                           {"0006 4d5149736470 03 02 003c 000161", 0},
		"a good one of 3.1.1, with a will and a user": {mqtt + "04 ee 003c 000161 000162 000163 000164 000165", 0},
		"a good one of 5, with a password alone":      {mqtt + "05 42 003c 00 0000 000161", 0},
		"a good one of 5, with properties":            {mqtt + "05 06 0000 0d 11ffffffff 210001 2700000040 000161 05 1800000001 000162 000163", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parseConnect(decodeHex(t, tt.packet))
			bad, _ := errors.AsType[*packetError](err)
			if tt.code == 0 && err != nil || tt.code != 0 && (bad == nil || bad.code != tt.code) {
				t.Errorf("%v, want %#x", err, tt.code)
			}
		})
	}
}

// mosquittoRefuses is mosquitto_validate_utf8 of lib/utf8_mosq.c for one
// character.
func mosquittoRefuses(r rune) bool {
	return r <= 0x1F || r >= 0x7F && r <= 0x9F || r >= 0xD800 && r <= 0xDFFF || r >= 0xFDD0 && r <= 0xFDEF ||
		r&0xFFFF == 0xFFFE || r&0xFFFF == 0xFFFF
}

func TestTextIsWhatMosquittoTakes(t *testing.T) {
	encode := func(r rune) []byte { // surrogates too, which package utf8 replaces
		if r >= 0xD800 && r <= 0xDFFF {
			return []byte{0xE0 | byte(r>>12), 0x80 | byte(r>>6&0x3F), 0x80 | byte(r&0x3F)}
		}
		return utf8.AppendRune(nil, r)
	}
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if got := validText(append([]byte("a"), encode(r)...)); got == mosquittoRefuses(r) {
			t.Fatalf("U+%04X: valid %t", r, got)
		}
	}
	for name, b := range map[string][]byte{
		"an overlong slash": {0xC0, 0xAF}, "an overlong NUL": {0xC0, 0x80}, "three bytes for two": {0xE0, 0x80, 0x80},
		"a lone continuation": {0x80}, "a cut character": {'a', 0xE2, 0x82}, "beyond Unicode": {0xF4, 0x90, 0x80, 0x80},
	} {
		if validText(b) {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestWildcardsFillTheirLevel(t *testing.T) {
	for filter, want := range map[string]bool{
		"a": true, "/": true, "a/": true, "/a": true, "a//b": true, "+": true, "#": true, "a/+/b": true, "a/#": true, "+/+/#": true, "$SYS/#": true,
		"$share/g/a": true, "$share/g/#": true, "$share/g//": true, "$shared/a": true,
		"": false, "a#": false, "a+": false, "+a": false, "a/b+/c": false, "#/a": false, "a/#/b": false, "##": false, "a/##": false, "++": false,
		"$share": false, "$share/": false, "$share/g": false, "$share/g/": false, "$share//a": false, "$share/+/a": false, "$share/#": false,
		"$share/g#/a": false, "$share/g/a#": false, "$share/g/#/a": false, "$SHARE/g/a": false, "$Share/g/a": false,
	} {
		if got := validFilter(filter); got != want {
			t.Errorf("%q: %t, want %t", filter, got, want)
		}
	}
}

// What is sent is never more than the client takes, and never more than the
// length byte can say.
func TestRefusalsKeepTheMaximumPacketSize(t *testing.T) {
	long := strings.Repeat("x", 500)
	for _, limit := range []uint32{0, 1, 2, 3, 4, 5, 6, 10, 70, 1000} {
		for _, p := range [][]byte{connackPacket(login{version: 5, maxPacket: limit}, codeQuota, long), disconnectPacket(login{version: 5, maxPacket: limit}, codeQuota, long)} {
			if limit > 0 && len(p) > int(limit) {
				t.Errorf("%d bytes for a client that takes %d", len(p), limit)
			}
			if len(p) > 0 && int(p[1]) != len(p)-2 {
				t.Errorf("length %d of %d bytes", p[1], len(p))
			}
		}
	}
	if got := connackPacket(login{version: 4}, codeLogin, long); !bytes.Equal(got, []byte{0x20, 2, 0, 4}) {
		t.Errorf("CONNACK of 3.1.1 is % x", got)
	}
	if got := connackPacket(login{version: 4}, codeMalformed, long); got != nil {
		t.Errorf("CONNACK of 3.1.1 is % x for what it has no code for", got)
	}
}
