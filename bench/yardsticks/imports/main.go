// Command imports imports net/http, and exits. Next to nothing of the package
// is linked, since nothing of it is called; only its set-up runs.
package main

import _ "net/http"

func main() {}
