module github.com/seed-e1d06701/bitbucket-auth/e2e

go 1.26.0

require (
	github.com/goccy/go-yaml v1.19.2
	github.com/ktrysmt/go-bitbucket v0.10.0
	github.com/rogpeppe/go-internal v1.16.0
	github.com/seed-e1d06701/bitbucket-auth v0.0.0
)

require (
	github.com/mitchellh/mapstructure v1.5.0 // indirect
	golang.org/x/net v0.55.0 // indirect
	golang.org/x/oauth2 v0.37.0 // indirect
	golang.org/x/sys v0.45.0 // indirect
	golang.org/x/tools v0.26.0 // indirect
)

replace github.com/seed-e1d06701/bitbucket-auth => ..

ignore ./tools/node_modules
