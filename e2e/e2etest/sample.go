package e2etest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Sample is a documented token, and what becomes of it.
type Sample struct{ Identity, Token, Credential, Kind string }

// Documented returns the documented sample of a kind.
func Documented(kind string) (Sample, error) {
	text, err := os.ReadFile(filepath.Join(Root(), "internal/credential/testdata/documented.json"))
	if err != nil {
		return Sample{}, err
	}
	var all []Sample
	if err := json.Unmarshal(text, &all); err != nil {
		return Sample{}, err
	}
	for _, s := range all {
		if s.Kind == kind {
			return s, nil
		}
	}
	return Sample{}, fmt.Errorf("no documented sample is of the kind %q", kind)
}
