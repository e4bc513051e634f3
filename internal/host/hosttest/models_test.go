package hosttest_test

import (
	"slices"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// The vectors follow the agent's own tests of its commands and their escapes.
func TestShowAzure(t *testing.T) {
	log := hosttest.ShowAzure("before s3cret-value\n" +
		"##vso[task.setsecret]s3cret-value\n" +
		"text ##vso[task.logissue type=error;code=1]a%3Bb %5D %AZP250A%AZP25AZP25 s3cret-value\n" +
		"##vso[task.setvariable variable=A_B;issecret=true;isoutput=true]100%AZP25%0D%0A\n" +
		"##vso[task.setvariable variable=plain]x;y]z\n" +
		"##vso[task.unknown]x\n##vso[task.setsecret\nafter s3cret-value\n")
	wantLines := []string{
		"before s3cret-value", "##[error]a;b ] %0A%AZP25 ***", "##vso[task.unknown]x", "##vso[task.setsecret", "after ***",
	}
	if !slices.Equal(log.Lines, wantLines) {
		t.Errorf("lines: %q", log.Lines)
	}
	wantVariables := []hosttest.Variable{{"A_B", "100%\r\n", true, true}, {"plain", "x;y]z", false, false}}
	if !slices.Equal(log.Variables, wantVariables) {
		t.Errorf("variables: %+v", log.Variables)
	}
	if len(log.Annotations) != 1 {
		t.Errorf("annotations: %q", log.Annotations)
	}
}

func TestReadHarnessFile(t *testing.T) {
	checkReader(t, hosttest.ReadHarnessFile, []fileTest{
		{"", nil, nil},
		{"A=plain\nB=__B64__YSAkeA==\nC=__B64__\n", records{{"A", "plain"}, {"B", "a $x"}, {"C", ""}}, nil},
		{"A=x", nil, hosttest.ErrFormat},
		{"A=a b\n", nil, hosttest.ErrFormat},
		{"A=$x\n", nil, hosttest.ErrFormat},
		{"A=\"x\"\n", nil, hosttest.ErrFormat},
		{"A-B=x\n", nil, hosttest.ErrFormat},
		{"A=x\n\n", records{{"A", "x"}}, hosttest.ErrFormat},
	})
}
