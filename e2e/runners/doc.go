// Package runners has the CI hosts' own programs run the action. Each is given one
// job by a small stand-in for the service that it reports to, and the test reads
// the log as that service received it.
//
// It is a separate module, because the hosts' APIs need more modules than all
// other tests together.
package runners
