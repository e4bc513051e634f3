package hosttest_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

type records = []hosttest.Record

// fileTest is a file as a runner reads it.
type fileTest struct {
	text string
	want records
	err  error
}

func checkReader(t *testing.T, read func(string) ([]hosttest.Record, error), tests []fileTest) {
	t.Helper()
	for _, test := range tests {
		got, err := read(test.text)
		if !slices.Equal(got, test.want) || !errors.Is(err, test.err) {
			t.Errorf("%q: got %q, %v", test.text, got, err)
		}
	}
}

// The vectors were checked against a port of the runner's parser.
func TestReadGitHubFile(t *testing.T) {
	checkReader(t, hosttest.ReadGitHubFile, []fileTest{
		{"", nil, nil},
		{"a=b", records{{"a", "b"}}, nil},
		{"a=b\n", records{{"a", "b"}}, nil},
		{"a=\n", records{{"a", ""}}, nil},
		{"a==b\n", records{{"a", "=b"}}, nil},
		{"a=b<<c\n", records{{"a", "b<<c"}}, nil},
		{"\n\n a=b \n", records{{" a", "b "}}, nil},
		{"a=b\r\n", records{{"a", "b\r"}}, nil},
		{"a<<E\nx\nE", records{{"a", "x"}}, nil},
		{"a<<E\nE\n", records{{"a", ""}}, nil},
		{"a<<E\n\n\nE\n", records{{"a", "\n"}}, nil},
		{"a<<E\nx\n\nE\n", records{{"a", "x\n"}}, nil},
		{"a<<=E\nx\n=E\n", records{{"a", "x"}}, nil},
		{"a<<E\n E\nE\n", records{{"a", " E"}}, nil},
		{"a<<E\r\nx\r\nE\r\n", records{{"a", "x\r"}}, nil},
		{"a<<E\nx\r\nE\r\n", nil, hosttest.ErrDelimiter},
		{"a<<E\nx", nil, hosttest.ErrEOF},
		{"a<<E\nx\nE ", nil, hosttest.ErrEOF},
		{"a<<E\nx\n", nil, hosttest.ErrDelimiter},
		{"a<<\nx\n", nil, hosttest.ErrName},
		{"<<E\nx\nE\n", nil, hosttest.ErrName},
		{"a\n", nil, hosttest.ErrFormat},
		{"#c\n", nil, hosttest.ErrFormat},
		{"a=1\nbad\nb=2\n", records{{"a", "1"}}, hosttest.ErrFormat},
		{"a<<E\nx\nE\nb=evil\nE\n", records{{"a", "x"}, {"b", "evil"}}, hosttest.ErrFormat},
		{"\ufeffa=b\n", records{{"a", "b"}}, nil},
		{"=v\n", nil, hosttest.ErrName},
	})
}

func TestReadActFile(t *testing.T) {
	checkReader(t, hosttest.ReadActFile, []fileTest{
		{"", nil, nil},
		{"a=b\r\nc<<E\n\n\nx\r\nE\n", records{{"a", "b"}, {"c", "x"}}, nil},
		{"a<<E\nE\n", records{{"a", ""}}, nil},
		{"a=b\n\nc=d\n", records{{"a", "b"}}, hosttest.ErrFormat},
		{"a<<E\nx\n", nil, hosttest.ErrDelimiter},
	})
}
