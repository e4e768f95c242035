package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/gotars/tars/cmd/tars/internal/adapters"
	"github.com/gotars/tars/cmd/tars/internal/eval"
	"github.com/gotars/tars/cmd/tars/internal/marks"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/speech/smartturn"
)

// evalCmd measures the conversation.
type evalCmd struct {
	Run   evalRunCmd   `cmd:"" default:"withargs" help:"Measure by itself, and print tables."`
	Serve evalServeCmd `cmd:"" help:"Let another program judge: an assistant with a scripted model behind a WebSocket, see test/voicebench."`
}

// evalServeCmd lets others measure.
type evalServeCmd struct {
	Addr string `default:"127.0.0.1:8765" help:"Address of the WebSocket."`
	Log  string `help:"Write the log of the assistant into this file." type:"path"`
}

// Run implements the command.
func (c *evalServeCmd) Run(ctx context.Context, home kit.Home) error {
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return err
	}
	defer l.Close()
	h, err := eval.OpenHouse(ctx, home, serviceNames(), logFile(c.Log))
	if err != nil {
		return err
	}
	defer h.Close()
	fmt.Printf("ws://%s\n", l.Addr())
	return eval.Serve(ctx, h, l)
}

// logFile is name, or a file for the log of an assistant that is measured.
func logFile(name string) string { return cmp.Or(name, filepath.Join(os.TempDir(), "tars-eval.log")) }

// evalRunCmd measures.
type evalRunCmd struct {
	Parts  []string `arg:"" optional:"" help:"What to measure: turns, hearing, nothing, interruptions, nods, stops, echo, response, rooms. All of it takes about an hour."`
	Corpus string   `help:"Folder with recorded conversations, made by go run ./test/corpus." placeholder:"FOLDER" type:"path"`
	Limit  int      `help:"Clips of each part; 0 is what docs/conversation.md is made of."`
	Rooms  int      `default:"2" help:"Rooms that talk at the same time."`
	In     []string `help:"Conditions of hearing, by their names in its table, such as \"noise 10 dB\"; all of them when none is named." placeholder:"CONDITION" sep:"none"`
	From   string   `help:"Judge the ends of turns once more that this file of an earlier --json holds, without reading them." type:"existingfile"`
	JSON   string   `name:"json" help:"Write all that was measured into this file." type:"path"`
	Write  string   `help:"Put the tables into this file, between its two marks, and the plot of the ends of turns beside it." placeholder:"docs/conversation.md" type:"path"`
	Log    string   `help:"Write the log of the assistant into this file." type:"path"`
}

// Run implements the command.
func (c *evalRunCmd) Run(ctx context.Context, home kit.Home) error {
	corpus, err := eval.LoadCorpus(cmp.Or(c.Corpus, home.Path("corpus")))
	if err != nil {
		return err
	}
	in, err := eval.ConditionsNamed(c.In)
	if err != nil {
		return err
	}
	p := eval.Plan{
		Corpus: corpus, Home: home, Services: serviceNames(), Parts: c.Parts, Limit: c.Limit, Rooms: max(1, c.Rooms), Conditions: in,
		Rules: eval.Assistants(), LogFile: logFile(c.Log), Progress: os.Stderr,
	}
	if len(p.Parts) == 0 {
		p.Parts = eval.Parts()
	}
	if err := addEars(ctx, home, &p); err != nil {
		return err
	}
	if c.From != "" {
		data, err := os.ReadFile(c.From)
		if err != nil {
			return err
		}
		var before eval.Report
		if err := json.Unmarshal(data, &before); err != nil {
			return fmt.Errorf("%s: %w", c.From, err)
		}
		p.Silences = before.Silences
	}
	if c.Write != "" { // measuring takes long
		if _, _, err := marks.Around(c.Write, evalMarks); err != nil {
			return err
		}
	}
	report, err := eval.Run(ctx, p)
	report.Print(os.Stdout)
	if c.JSON != "" {
		data, jsonErr := json.MarshalIndent(report, "", " ")
		if jsonErr == nil {
			jsonErr = os.WriteFile(c.JSON, append(data, '\n'), 0o644)
		}
		err = errors.Join(err, jsonErr)
	}
	if c.Write != "" && err == nil {
		err = c.write(report)
	}
	return err
}

// evalMarks stand around what tars eval writes.
const evalMarks = "tars eval"

// write writes the tables and the plot.
func (c *evalRunCmd) write(report *eval.Report) error {
	var tables bytes.Buffer
	report.Print(&tables)
	if err := marks.Write(c.Write, evalMarks, tables.Bytes()); err != nil || len(report.Turns) == 0 {
		return err
	}
	var plot bytes.Buffer
	if err := report.PlotTurns(&plot); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(filepath.Dir(c.Write), "turns.svg"), plot.Bytes(), 0o644)
}

// addEars adds the first recogniser and the voice detector that the assistant would use.
func addEars(ctx context.Context, home kit.Home, p *eval.Plan) error {
	servers, err := adapters.Servers(ctx, home, discovery.STT)
	if err != nil {
		return err
	}
	if len(servers) == 0 {
		return errors.New("there is no recogniser: run make engines, or set STT_OPENAI_URL")
	}
	p.Recogniser = adapters.Title(servers[0])
	if p.Transcribe, err = adapters.RecogniserAt(servers[0], home); err != nil {
		return err
	}
	config, err := kit.FromEnv[stt.Config]("stt")
	if err != nil {
		return err
	}
	if p.Detector, err = config.NewDetector(home); err != nil {
		return err
	}
	if name, _ := config.TurnEnd(home); name == "none" {
		return nil
	}
	model, err := smartturn.Load(home.Path(config.TurnFolder))
	if err != nil {
		return err
	}
	p.Finished = model.Finished
	return nil
}
