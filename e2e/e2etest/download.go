//go:build linux

package e2etest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"io"
	stdlog "log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Hash is the SHA-256 of a text, as sha256sum prints it.
func Hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// ServeRelease serves the files of a release, by name.
func ServeRelease(t *testing.T, files map[string][]byte) (url, authorities string) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, there := files[strings.TrimPrefix(r.URL.Path, "/v1.2.3/")]
		if !there {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(text)
	}))
	server.Config.ErrorLog = stdlog.New(io.Discard, "", 0) // some clients rightly hang up
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL + "/v1.2.3", CertificateOf(server)
}

// CertificateOf returns the certificate of a server with TLS, as PEM text.
func CertificateOf(server *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}
