package main

import (
	"fmt"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// requests counts what Bitbucket is asked (DESIGN 9).
func (b bench) requests(r *report) error {
	t := table{title: "Requests to Bitbucket", head: []string{"step", "requests", "budget", "verdict"}}
	for _, c := range []struct {
		what   string
		kind   bitbuckettest.Kind
		inputs map[string]string
		budget int
	}{
		{"as it is", bitbuckettest.APIToken, nil, 0},
		{"`verify: strict`", bitbuckettest.APIToken, map[string]string{"verify": "strict"}, 1},
		{"`required-scopes`", bitbuckettest.APIToken, map[string]string{"required-scopes": "read:user:bitbucket"}, 2},
		{"`kind: oauth-consumer`", bitbuckettest.OAuthConsumer, map[string]string{"kind": "oauth-consumer"}, 1},
	} {
		server, err := bitbuckettest.Start(bitbuckettest.Options{Root: b.scratch})
		if err != nil {
			return err
		}
		token := server.Add(bitbuckettest.Token{Kind: c.kind, Scopes: []string{"read:user:bitbucket"}})
		inputs := map[string]string{"server-url": server.URL, "token": token.Secret, "identity": token.Email}
		if token.Key != "" {
			inputs["identity"] = token.Key
		}
		for id, value := range c.inputs {
			inputs[id] = value
		}
		s, err := b.newStep(inputs)
		if err == nil {
			_, err = s.once(b.product)
		}
		count := len(server.Requests())
		server.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", c.what, err)
		}
		budget := "none"
		if c.budget > 0 {
			budget = fmt.Sprintf("at most %d", c.budget)
		}
		t.add(c.what, fmt.Sprint(count), budget, verdict(count <= c.budget))
	}
	r.tables = append(r.tables, t)
	return nil
}
