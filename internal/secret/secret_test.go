package secret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

const text = "correct horse battery staple"

// holder also has the secret in a field where fmt can't call its methods.
type holder struct {
	Shown  secret.String
	hidden secret.String
}

func TestPrintingRedacts(t *testing.T) {
	s := secret.New(text)
	h := holder{s, s}
	values := []any{s, &s, h, &h, []secret.String{s}, map[string]secret.String{"k": s}, [1]any{s}, error(wrapped{s})}

	printed := map[string]string{}
	for i, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%t", "%10.3s", "%!"} {
			printed[fmt.Sprintf("%s of value %d", verb, i)] = fmt.Sprintf(verb, value)
		}
		for name, encode := range map[string]func(any) ([]byte, error){"json": json.Marshal, "xml": xml.Marshal} {
			if out, err := encode(value); err == nil { // XML has no maps
				printed[fmt.Sprintf("%s of value %d", name, i)] = string(out)
			}
		}
		var b bytes.Buffer
		slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "v", value)
		slog.New(slog.NewTextHandler(&b, nil)).Info("m", "v", value)
		printed[fmt.Sprintf("slog of value %d", i)] = b.String()

		b.Reset()
		if err := template.Must(template.New("").Parse("{{.}} {{printf \"%v\" .}}")).Execute(&b, value); err != nil {
			t.Fatal(err)
		}
		printed[fmt.Sprintf("text/template of value %d", i)] = b.String()
	}
	for how, out := range printed {
		if strings.Contains(out, "horse") || strings.Contains(out, fmt.Sprintf("%x", "horse")) || strings.Contains(out, fmt.Sprintf("%X", "horse")) {
			t.Errorf("%s shows the text: %s", how, out)
		}
	}
	if got := fmt.Sprint(s); got != "[redacted]" {
		t.Errorf("prints as %q", got)
	}
	if got, err := json.Marshal(s); err != nil || string(got) != `"[redacted]"` {
		t.Errorf("JSON is %s, %v", got, err)
	}
	if got := s.String(); got != "[redacted]" {
		t.Errorf("String() is %q", got)
	}
}

type wrapped struct{ s secret.String }

func (w wrapped) Error() string { return fmt.Sprintf("failed with %v", w.s) }

func TestReveal(t *testing.T) {
	if got := secret.New(text).Reveal(); got != text {
		t.Errorf("got %q", got)
	}
	var s secret.String
	if !s.IsEmpty() || s.Reveal() != "" {
		t.Error("the zero value is not the empty secret")
	}
	if err := s.EnvDecode(text); err != nil || s.Reveal() != text || s.IsEmpty() {
		t.Errorf("EnvDecode: %v", err)
	}
}
