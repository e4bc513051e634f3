// Command links has net/http linked, since it could make a request, and exits.
package main

import (
	"net/http"
	"os"
)

func main() {
	if len(os.Args) == 1 {
		return
	}
	if response, err := http.Get(os.Args[1]); err == nil { //nolint:gosec,noctx // never called
		_ = response.Body.Close()
	}
}
