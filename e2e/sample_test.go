package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// sample is one of the documented ones.
type sample struct{ Identity, Token, Credential, Kind string }

func documented(kind string) (sample, error) {
	text, err := os.ReadFile(filepath.Join(root, "internal/credential/testdata/documented.json"))
	if err != nil {
		return sample{}, err
	}
	var all []sample
	if err := json.Unmarshal(text, &all); err != nil {
		return sample{}, err
	}
	for _, s := range all {
		if s.Kind == kind {
			return s, nil
		}
	}
	return sample{}, fmt.Errorf("no documented sample is of the kind %q", kind)
}
