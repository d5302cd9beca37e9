// Software that nobody here wrote, as small programs: `peers zitadel` (zitadel/oidc, an
// OpenID Provider) and `peers crewjam` (crewjam/saml, a SAML identity provider). Settings come from the environment; each prints
// "READY ADDRESS" when it listens.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	peers := map[string]func(address string) (http.Handler, error){"zitadel": zitadel, "crewjam": crewjam}
	if len(os.Args) != 2 || peers[os.Args[1]] == nil {
		log.Fatal("usage: peers zitadel|crewjam")
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(os.Getenv("HOST"), os.Getenv("PORT")))
	if err != nil {
		log.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	handler, err := peers[os.Args[1]](address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("READY", address)
	log.Fatal(http.Serve(listener, handler))
}
