// Package servertest makes servers for tests.
package servertest

import (
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// At is the server at a base URL, as the setting server-url would have it. It
// panics if the URL isn't accepted there.
func At(address string) server.Server {
	s, err := server.Parse(secret.NewAddress(address))
	if err != nil {
		panic(err)
	}
	return s
}
