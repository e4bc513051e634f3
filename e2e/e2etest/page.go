//go:build linux

package e2etest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// step is a step of a workflow.
type step struct {
	ID, If, Uses, Run string
	With, Env         map[string]string
	WorkingDirectory  string `yaml:"working-directory"`
}

var expression = regexp.MustCompile(`\$\{\{ (.+?) \}\}`)

// RunSteps is [Job.TrySteps] with steps that must succeed.
func (j *Job) RunSteps(text string, values map[string]string) string {
	j.T.Helper()
	printed, err := j.TrySteps(text, values)
	if err != nil {
		j.T.Fatalf("%v\n%s", err, printed)
	}
	return printed
}

// TrySteps runs a workflow with one job, or the steps of one, as this machine's own
// process: our actions, and scripts. Other actions do nothing. Values are those of
// expressions; a condition that has none counts as false. It returns what the steps
// print, and the error of the first one that fails.
func (j *Job) TrySteps(text string, values map[string]string) (string, error) {
	j.T.Helper()
	var printed strings.Builder
	for _, s := range j.stepsOf(text) {
		if s.If != "" && s.If != "always()" && values[s.If] != "true" {
			continue
		}
		text, err := j.tryStep(s, values)
		printed.WriteString(text)
		if err != nil {
			return printed.String(), err
		}
	}
	return printed.String(), nil
}

// stepsOf returns the steps of a workflow, or of a part of one.
func (j *Job) stepsOf(text string) (steps []step) {
	j.T.Helper()
	if strings.HasPrefix(strings.TrimSpace(text), "- ") {
		if err := yaml.Unmarshal([]byte(text), &steps); err != nil {
			j.T.Fatal(err)
		}
		return steps
	}
	var workflow struct {
		Env  map[string]string
		Jobs map[string]struct{ Steps []step }
	}
	if err := yaml.Unmarshal([]byte(text), &workflow); err != nil || len(workflow.Jobs) != 1 {
		j.T.Fatalf("%d jobs, %v", len(workflow.Jobs), err)
	}
	maps.Copy(j.Env, workflow.Env)
	for _, job := range workflow.Jobs {
		steps = job.Steps
	}
	return steps
}

// tryStep runs a step. Its outputs become values.
func (j *Job) tryStep(s step, values map[string]string) (string, error) {
	j.T.Helper()
	fill := func(text string) string {
		return expression.ReplaceAllStringFunc(text, func(match string) string {
			name := expression.FindStringSubmatch(match)[1]
			value, ok := values[name]
			if !ok {
				j.T.Fatalf("the sample's %s has no value", name)
			}
			return value
		})
	}
	if s.Run == "" {
		return j.tryUses(s, fill, values)
	}
	env := map[string]string{}
	for name, value := range s.Env {
		env[name] = fill(value)
	}
	cmd := j.Command(env, "bash", "-e", "-c", fill(s.Run))
	if s.WorkingDirectory != "" {
		cmd.Dir = fill(s.WorkingDirectory)
	}
	out, err := cmd.CombinedOutput()
	text := string(out)
	for _, secret := range j.Secrets {
		text = strings.ReplaceAll(text, secret, "***") // as the runner does
	}
	j.CheckHidden(s.Run, text)
	return text, err
}

// tryUses runs a step with an action.
func (j *Job) tryUses(s step, fill func(string) string, values map[string]string) (string, error) {
	j.T.Helper()
	name, _, _ := strings.Cut(s.Uses, "@")
	var args []string
	defaults := ActionInputs()
	switch _, path, ours := strings.Cut(name, "seed-e1d06701/bitbucket-auth"); {
	case !ours:
		return "", nil
	case strings.HasPrefix(name, "docker://"):
		defaults = nil // the runner knows no inputs of an image
	case path == "/mirror":
		args, defaults = []string{"mirror"}, defaultsOf(contract.MirrorSettings)
		defaults["source-token"] = ""
	}
	inputs := map[string]string{}
	for id, value := range s.With {
		inputs[id] = fill(value)
	}
	outputs, text, err := j.tryAction(args, defaults, inputs)
	text = strings.Join(hosttest.GitHub.Show(text).Lines, "\n") + "\n"
	for id, value := range outputs {
		values["steps."+s.ID+".outputs."+id] = value
	}
	return text, err
}

// UseProxy makes the job's programs use a proxy.
func (j *Job) UseProxy(url string) {
	j.Env["HTTPS_PROXY"], j.Env["https_proxy"] = url, url
}

// OnlyBitbucket starts a proxy that leads Bitbucket's own names to a server, and returns
// its address. Other hosts can't be reached. The job trusts the server's certificate.
func OnlyBitbucket(j *Job, s Side, server *bitbuckettest.Server) (proxyURL string) {
	j.T.Helper()
	hosts := []string{"bitbucket.org", "api.bitbucket.org"}
	if s == DataCenter {
		hosts = []string{"bitbucket.example.com"}
	}
	t := j.T
	config, certificate := certificateFor(t, hosts)
	j.Write("../authorities.pem", certificate)
	for _, name := range []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"} {
		j.Env[name] = j.Path("../authorities.pem")
	}
	site := httptest.NewUnstartedServer(server)
	site.TLS = config
	site.StartTLS()
	t.Cleanup(site.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect && strings.HasPrefix(r.URL.Path, "/2.0/") {
			server.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodConnect || !slices.Contains(hosts, strings.TrimSuffix(r.Host, ":443")) {
			http.Error(w, "not Bitbucket", http.StatusForbidden)
			return
		}
		upstream, err := net.Dial("tcp", site.Listener.Addr().String())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer upstream.Close()
		w.WriteHeader(http.StatusOK)
		client, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer client.Close()
		go func() {
			_, _ = io.Copy(upstream, buffered)
			upstream.Close()
		}()
		_, _ = io.Copy(client, upstream)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// certificateFor makes a certificate for hosts, which signs itself.
func certificateFor(t *testing.T, hosts []string) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "fake Bitbucket"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		DNSNames:              hosts,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return config, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
