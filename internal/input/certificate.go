package input

import (
	"io"
	"os"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// maxCertificate is how much a file of CA certificates may hold, in bytes.
const maxCertificate = 1 << 20

// certificate takes CA certificates: PEM text, or the path of a file with it.
func (p *parser) certificate(given string) []byte {
	given = strings.TrimSpace(given)
	if given == "" {
		return nil
	}
	if strings.Contains(given, "-----BEGIN ") {
		return []byte(given)
	}
	const hint = "give the PEM text itself, or the path of a file that this step can read: a container action sees the workspace as /github/workspace"
	// Opening anything but a regular file could block for ever.
	info, err := os.Stat(given)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxCertificate) {
		p.fail(fault.New(fault.CACertificate, "ca-certificate names no regular file of at most 1 MiB", hint))
		return nil
	}
	var text []byte
	if err == nil {
		text, err = readFile(given)
	}
	if err != nil {
		p.fail(fault.New(fault.CACertificate, "the file that ca-certificate names can't be read: "+fault.Reason(err), hint))
	}
	return text
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxCertificate))
}
