package test

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// describe runs tars describe in an empty environment, as make generate does.
func describe(t *testing.T, what string) []byte {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "describe", what)
	cmd.Env = []string{"HOME=/"}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tars describe %s: %v", what, err)
	}
	return out
}

func TestGeneratedFilesAreFresh(t *testing.T) {
	for what, file := range map[string]string{"asyncapi": "docs/asyncapi.json", "topics": "docs/topics.md", "config": "docs/config.md",
		"env": ".env.example", "acl": "ops/mosquitto/acl", "compose": "ops/settings.yml"} {
		have, err := os.ReadFile(filepath.Join("..", file))
		if err != nil {
			t.Error(err)
		}
		if want := describe(t, what); !bytes.Equal(have, want) {
			t.Errorf("%s is stale: make generate", file)
		}
	}
}

// asyncAPI is docs/asyncapi.json for a validator.
func asyncAPI(t *testing.T) map[string]any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(describe(t, "asyncapi")))
	if err != nil {
		t.Fatal(err)
	}
	return doc.(map[string]any)
}

// TestAsyncAPIIsValid holds the document against the official schema of AsyncAPI
// 3.0.0, from the npm package @asyncapi/specs 6.11.1.
func TestAsyncAPIIsValid(t *testing.T) {
	f, err := os.Open(filepath.Join("testdata", "asyncapi-3.0.0.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	official, err := jsonschema.UnmarshalJSON(z)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("asyncapi.json", official); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	doc := asyncAPI(t)
	if err := schema.Validate(doc); err != nil {
		t.Errorf("docs/asyncapi.json: %v", err)
	}
	delete(doc["channels"].(map[string]any)["stt_final"].(map[string]any), "address")
	doc["operations"].(map[string]any)["stt_send_stt_final_FinalTranscript"].(map[string]any)["action"] = "shout"
	if schema.Validate(doc) == nil {
		t.Error("an action that AsyncAPI does not know passes: this test sees nothing")
	}
}

// TestVectorsAgreeWithAsyncAPI validates every enveloped vector of a message
// that a service declares.
func TestVectorsAgreeWithAsyncAPI(t *testing.T) {
	doc := asyncAPI(t)
	messages := doc["components"].(map[string]any)["messages"].(map[string]any)
	c := jsonschema.NewCompiler()
	if err := c.AddResource("doc.json", doc); err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile("../contract/testdata/golden/index.tsv")
	if err != nil {
		t.Fatal(err)
	}
	schemas := map[string]*jsonschema.Schema{}
	seen, valid := map[string]bool{}, 0
	for _, line := range strings.Split(strings.TrimSpace(string(index)), "\n")[1:] {
		columns := strings.Split(line, "\t")
		file, name, validity, form := columns[0], columns[3], columns[4], columns[6]
		if messages[name] == nil || validity != "valid" || form != "envelope" || strings.HasPrefix(file, "coerce/") {
			continue
		}
		payload := messages[name].(map[string]any)["payload"].(map[string]any)
		if properties, ok := payload["properties"].(map[string]any); !ok || properties["data"] == nil {
			continue // it is sent bare, and taken in an envelope too
		}
		if schemas[name] == nil {
			if schemas[name], err = c.Compile("doc.json#/components/messages/" + name + "/payload"); err != nil {
				t.Fatal(err)
			}
		}
		packet, err := os.ReadFile(filepath.Join("../contract/testdata/golden", file))
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(packet))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if err := schemas[name].Validate(v); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		valid++
		seen[name] = true
		v.(map[string]any)["data"] = map[string]any{"no such": "field"}
		if schemas[name].Validate(v) == nil {
			t.Errorf("%s: an unknown field passes", file)
		}
	}
	t.Logf("%d vectors of %d messages", valid, len(seen))
	if valid < 40 || len(seen) < 15 {
		t.Errorf("%d vectors of %d messages were tried, want at least 40 of 15", valid, len(seen))
	}
}
