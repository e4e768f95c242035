// Command turnfit finds what the evidence of package turnend is worth: it fits the weights
// by logistic regression to what tars eval turns --json has measured, and prints them with
// how well they tell pauses from ends of turns that they were not fitted to.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"math"
	"os"

	"gonum.org/v1/gonum/mat"

	"github.com/gotars/tars/services/stt/turnend"
)

// silence is one that tars eval has measured.
type silence struct {
	Said     string  // the whole turn
	Length   float64 // seconds; 0: the turn is over
	Text     string
	Lang     string
	Finished *float64
}

const (
	folds = 5   // parts of the data, each of which is left out once
	ridge = 1.0 // penalty of large weights
	steps = 50  // of Newton's method, which needs about ten
)

func main() {
	file := flag.String("in", "turns.json", "what tars eval turns --json has written")
	flag.Parse()
	if err := run(*file); err != nil {
		fmt.Fprintln(os.Stderr, "turnfit:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var report struct{ Silences []silence }
	if err := json.Unmarshal(data, &report); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if len(report.Silences) == 0 {
		return fmt.Errorf("%s has no silences: write it with tars eval turns --json", file)
	}
	names, rows, over := evidenceOf(report.Silences)
	held := make([]float64, len(rows))
	for fold := range folds {
		var some [][]float64
		var truth []float64
		for i := range rows {
			if foldOf(report.Silences[i]) != fold {
				some, truth = append(some, rows[i]), append(truth, over[i])
			}
		}
		w := fit(some, truth)
		for i := range rows {
			if foldOf(report.Silences[i]) == fold {
				held[i] = dot(rows[i], w)
			}
		}
	}
	for i, v := range fit(rows, over) {
		fmt.Printf("%-10s %6.2f\n", names[i], v)
	}
	fmt.Printf("\nof %d silences; an end is told from a pause in %.1f %% of pairs, in parts that were left out\n", len(rows), 100*pairsRight(held, over))
	return nil
}

// evidenceOf are the numbers of each silence, and 1 where the turn is over.
func evidenceOf(all []silence) (names []string, rows [][]float64, over []float64) {
	for _, s := range all {
		p := turnend.Pause{Text: s.Text, Lang: s.Lang, TextKnown: true}
		if s.Finished != nil {
			p.Finished, p.FinishedKnown = *s.Finished, true
		}
		var values []float64
		names, values = turnend.Evidence(p)
		rows = append(rows, values)
		if s.Length == 0 {
			over = append(over, 1)
		} else {
			over = append(over, 0)
		}
	}
	return names, rows, over
}

// foldOf is the part of the data to which turns with the same words belong, whoever says
// them.
func foldOf(s silence) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s.Said))
	return int(h.Sum32() % folds)
}

// fit finds the weights by Newton's method.
func fit(rows [][]float64, over []float64) []float64 {
	n := len(rows[0])
	w := mat.NewVecDense(n, nil)
	for range steps {
		gradient, hessian := mat.NewVecDense(n, nil), mat.NewSymDense(n, nil)
		for i, row := range rows {
			x := mat.NewVecDense(n, row)
			p := 1 / (1 + math.Exp(-mat.Dot(w, x)))
			gradient.AddScaledVec(gradient, over[i]-p, x)
			hessian.SymRankOne(hessian, p*(1-p)+1e-6, x)
		}
		gradient.AddScaledVec(gradient, -ridge, w)
		for i := range n {
			hessian.SetSym(i, i, hessian.At(i, i)+ridge)
		}
		var step mat.VecDense
		if step.SolveVec(hessian, gradient) != nil {
			break // it is singular: what there is has to do
		}
		w.AddVec(w, &step)
	}
	return w.RawVector().Data
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// pairsRight is the share of pairs of an end and a pause in which the end has more.
func pairsRight(scores, over []float64) float64 {
	right, pairs := 0.0, 0.0
	for i := range scores {
		for k := range scores {
			if over[i] == 1 && over[k] == 0 {
				switch pairs++; {
				case scores[i] > scores[k]:
					right++
				case scores[i] == scores[k]:
					right += 0.5
				}
			}
		}
	}
	return right / math.Max(1, pairs)
}
