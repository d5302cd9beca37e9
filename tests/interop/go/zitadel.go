package main

import (
	"log/slog"
	"net/http"
	"os"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

// zitadel is the OpenID Provider of zitadel/oidc with the users of USERS_FILE. CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.
func zitadel(address string) (http.Handler, error) {
	storage.RegisterClients(storage.WebClient(os.Getenv("CLIENT_ID"), os.Getenv("CLIENT_SECRET"), os.Getenv("REDIRECT_URI")))
	users, err := storage.StoreFromFile(os.Getenv("USERS_FILE"))
	if err != nil {
		return nil, err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	return exampleop.SetupServer(address, storage.NewStorage(users), logger, false), nil
}
