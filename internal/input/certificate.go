package input

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// maxCertificate is the largest size of a file of CA certificates, in bytes.
const maxCertificate = 1 << 20

// CA contains additional CA certificates.
type CA struct {
	PEM  []byte // empty: none
	File string // the absolute path they were read from; empty if the setting is the text itself
}

// certificate accepts CA certificates: PEM text, or the path of a file with it.
func (p *parser) certificate(text string) CA {
	if text == "" {
		return CA{}
	}
	if plain, err := base64.StdEncoding.DecodeString(text); err == nil && strings.Contains(string(plain), "-----BEGIN ") {
		text = string(plain) // as in a secret of Kubernetes
	}
	if strings.Contains(text, "-----BEGIN ") {
		return p.withCertificates(CA{PEM: []byte(withLines(text))})
	}
	const hint = "set it to the PEM text itself, or to the path of a file that this step can read: a container action sees the workspace as /github/workspace"
	// Opening anything but a regular file could block forever.
	info, err := os.Stat(text)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxCertificate) {
		p.fail(fault.New(fault.CACertificate, "ca-certificate must name a regular file of at most 1 MiB", hint))
		return CA{}
	}
	var content []byte
	if err == nil {
		content, err = readFile(text, maxCertificate)
	}
	if err != nil {
		p.fail(fault.New(fault.CACertificate, "can't read the file that ca-certificate names: "+fault.Reason(err), hint))
		return CA{}
	}
	path, err := filepath.Abs(text)
	if err != nil {
		path = "" // the working directory is gone: nothing can use a relative path
	}
	return p.withCertificates(CA{PEM: content, File: path})
}

// withCertificates rejects text that contains no certificate. Otherwise, only git in a
// later step would find that out.
func (p *parser) withCertificates(ca CA) CA {
	if !x509.NewCertPool().AppendCertsFromPEM(ca.PEM) {
		p.fail(fault.New(fault.CACertificate, "ca-certificate contains no certificate in PEM format",
			"set it to the text from BEGIN CERTIFICATE to END CERTIFICATE, or to the path of a file that contains it"))
	}
	return ca
}

// withLines restores PEM text whose lines were joined, as in a variable that can't
// contain line breaks, or have something around them.
func withLines(text string) string {
	const begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
	certificates := 0
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		certificates++
	}
	if certificates == strings.Count(text, "-----BEGIN ") {
		return text
	}
	var restored strings.Builder
	for _, after := range strings.Split(text, begin)[1:] {
		body, _, found := strings.Cut(after, end)
		if !found {
			return text
		}
		body = strings.NewReplacer(`\n`, "", `\r`, "", `\`, "", `"`, "", "'", "").Replace(body)
		restored.WriteString(begin + "\n" + strings.Join(strings.Fields(body), "") + "\n" + end + "\n")
	}
	return restored.String()
}
