// Verifies tokens by the published keys alone, as a service with go-oidc does: reads a list of
// names and tokens, and prints the claims or the refusal of each.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
)

type presented struct {
	Name  string `json:"name"`
	Token string `json:"token"`
}

// The library verifies ID tokens; a service has to check the type by itself.
func requireType(token string) error {
	encoded, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return err
	}
	var header struct {
		Typ string `json:"typ"`
	}
	if err := json.Unmarshal(text, &header); err != nil {
		return err
	}
	if header.Typ != "at+jwt" {
		return errors.New("not an access token")
	}
	return nil
}

func main() {
	issuer, audience, jwksURI := os.Args[1], os.Args[2], os.Args[3]
	ctx := context.Background()
	verifier := oidc.NewVerifier(issuer, oidc.NewRemoteKeySet(ctx, jwksURI), &oidc.Config{
		ClientID:             audience,
		SupportedSigningAlgs: []string{oidc.ES256},
	})
	var tokens []presented
	if err := json.NewDecoder(os.Stdin).Decode(&tokens); err != nil {
		panic(err)
	}
	answers := map[string]any{}
	for _, each := range tokens {
		claims := map[string]any{}
		err := requireType(each.Token)
		if err == nil {
			var token *oidc.IDToken
			if token, err = verifier.Verify(ctx, each.Token); err == nil {
				err = token.Claims(&claims)
			}
		}
		if err != nil {
			answers[each.Name] = err.Error()
		} else {
			answers[each.Name] = claims
		}
	}
	out, _ := json.Marshal(answers)
	fmt.Println(string(out))
}
