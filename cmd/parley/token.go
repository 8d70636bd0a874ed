package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

// tokenCmd signs tokens by hand: for trying things out, for a server's REST
// token, and for scripts. A platform signs its operators' and visitors' tokens
// itself.
type tokenCmd struct {
	Tenants    string        `help:"Folder with one YAML or JSON file per tenant." placeholder:"DIR" required:""`
	Tenant     string        `help:"The tenant's id." placeholder:"ID" required:""`
	Operator   string        `help:"The operator's id; the tenant must declare it." placeholder:"ID" required:"" xor:"who"`
	Visitor    string        `help:"Sign a visitor's token instead: the tenant's own name for the visitor (sub), under visitor_keys." placeholder:"SUB" required:"" xor:"who"`
	Role       []string      `help:"operator, supervisor, admin, bot or auditor; may be repeated. REST needs admin." enum:"operator,supervisor,admin,bot,auditor" default:"operator"`
	Department []string      `help:"Limit the token to these departments; may be repeated." placeholder:"ID"`
	TTL        time.Duration `name:"ttl" help:"How long it is valid; at most 24h." default:"8h"`
	Key        string        `help:"Id of the tenant's key to sign with, if it has several." placeholder:"ID"`
	KeyFile    string        `help:"PEM file (PKCS 8) of the private key; needed for EdDSA and ES256." placeholder:"FILE"`
}

// Run prints the token, and nothing else, on standard output.
func (c *tokenCmd) Run(io streams) error {
	_, tenants, err := readTenants(c.Tenants)
	if err != nil {
		return err
	}
	tenant, ok := tenants.Tenant(engine.TenantID(c.Tenant))
	if !ok {
		return wrongUsage("no tenant %s in %s", c.Tenant, c.Tenants)
	}
	if c.TTL <= 0 || c.TTL > auth.DefaultMaxTTL {
		return wrongUsage("--ttl: want more than 0 and at most 24h, got %s", c.TTL)
	}
	sign := c.forOperator
	if c.Visitor != "" {
		sign = c.forVisitor
	}
	token, err := sign(tenant)
	if err != nil {
		return err
	}
	fmt.Fprintln(io.out, token)
	return nil
}

func (c *tokenCmd) forOperator(tenant *engine.Tenant) (string, error) {
	claims, err := c.claims(tenant)
	if err != nil {
		return "", err
	}
	key, secret, err := c.signer("keys", tenant.Keys)
	if err != nil {
		return "", err
	}
	token, err := auth.Sign(secret, key.ID, claims)
	if err != nil {
		return "", usageError{err}
	}
	return token, nil
}

func (c *tokenCmd) forVisitor(tenant *engine.Tenant) (string, error) {
	if len(c.Department) > 0 || !slices.Equal(c.Role, []string{string(engine.RoleOperator)}) {
		return "", wrongUsage("--role and --department are for operators' tokens")
	}
	key, secret, err := c.signer("visitor_keys", tenant.VisitorKeys)
	if err != nil {
		return "", err
	}
	token, err := auth.SignVisitor(secret, key.ID, auth.VisitorClaims{Tenant: tenant.ID, Subject: c.Visitor, Issued: time.Now(), TTL: c.TTL})
	if err != nil {
		return "", usageError{err}
	}
	return token, nil
}

func (c *tokenCmd) claims(tenant *engine.Tenant) (auth.Claims, error) {
	operator := engine.OperatorID(c.Operator)
	if _, ok := tenant.Operator(operator); !ok {
		return auth.Claims{}, wrongUsage("tenant %s declares no operator %s", c.Tenant, c.Operator)
	}
	claims := auth.Claims{Tenant: tenant.ID, Operator: operator, Issued: time.Now(), TTL: c.TTL}
	for _, role := range c.Role {
		claims.Roles = append(claims.Roles, engine.Role(role))
	}
	for _, id := range c.Department {
		department, ok := tenant.Department(engine.DepartmentID(id))
		if !ok || id == "" {
			return auth.Claims{}, wrongUsage("tenant %s has no department %q", c.Tenant, id)
		}
		claims.Departments = append(claims.Departments, department.ID)
	}
	return claims, nil
}

// choose finds the key that --key names, or the only one.
func (c *tokenCmd) choose(set string, keys []engine.TokenKey) (engine.TokenKey, error) {
	if c.Key == "" && len(keys) == 1 {
		return keys[0], nil
	}
	for _, key := range keys {
		if c.Key != "" && key.ID == c.Key {
			return key, nil
		}
	}
	if len(keys) == 0 {
		return engine.TokenKey{}, wrongUsage("tenant %s has no %s", c.Tenant, set)
	}
	return engine.TokenKey{}, wrongUsage("tenant %s has %d %s: name one with --key", c.Tenant, len(keys), set)
}

// signer is what auth.Sign signs with: the secret that the tenant's file
// holds, or the private half of the public key that it holds.
func (c *tokenCmd) signer(set string, keys []engine.TokenKey) (engine.TokenKey, any, error) {
	key, err := c.choose(set, keys)
	if err != nil {
		return key, nil, err
	}
	if key.Algorithm == "HS256" {
		return key, key.Secret.Reveal(), nil
	}
	private, err := c.private()
	return key, private, err
}

func (c *tokenCmd) private() (any, error) {
	if c.KeyFile == "" {
		return nil, wrongUsage("the tenant's file holds the public half only: name the private key with --key-file")
	}
	text, err := os.ReadFile(c.KeyFile)
	if err != nil {
		return nil, wrongUsage("--key-file: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, wrongUsage("--key-file %s: no PEM block", c.KeyFile)
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, wrongUsage("--key-file %s: want a PKCS 8 private key", c.KeyFile)
	}
	return private, nil
}
