package mirror_test

import (
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/temptest"
)

func TestMain(m *testing.M) {
	temptest.InMemory()
	m.Run()
}
