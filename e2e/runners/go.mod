module github.com/seed-e1d06701/bitbucket-auth/e2e/runners

go 1.26.0

require (
	code.gitea.io/actions-proto-go v0.4.1
	connectrpc.com/connect v1.20.0
	github.com/goccy/go-yaml v1.19.2
	github.com/seed-e1d06701/bitbucket-auth v0.0.0
	google.golang.org/protobuf v1.36.11
)

replace github.com/seed-e1d06701/bitbucket-auth => ../..

ignore ./node_modules
