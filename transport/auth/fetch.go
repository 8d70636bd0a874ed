package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// maxSetBytes bounds a key set's text.
const maxSetBytes = 64 << 10

// The ways in which a fetch fails, as a log may tell them: an error of package
// net/http names the address.
var (
	errPrivate  = errors.New("a private address that is not allowed by name")
	errRedirect = errors.New("a redirect to another host")
	errStatus   = errors.New("a status that is not 200")
	errTooLong  = errors.New("a key set that is too long")
)

func causeOf(err error) string {
	for _, known := range []error{errPrivate, errRedirect, errStatus, errTooLong, errKeySet, context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return fmt.Sprintf("%T", errors.Unwrap(err))
}

// get fetches one set.
func (r *Remote) get(url string) (map[string]parsed, error) {
	ctx, cancel := context.WithTimeout(r.ctx, r.o.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, errStatus
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxSetBytes+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxSetBytes:
		return nil, errTooLong
	}
	return parseKeySet(text)
}

// sameHost follows a redirect within the host, port and scheme that the tenant
// named, and no more than three.
func sameHost(request *http.Request, via []*http.Request) error {
	if first := via[0].URL; len(via) > 3 || request.URL.Scheme != first.Scheme || request.URL.Host != first.Host {
		return errRedirect
	}
	return nil
}

// guarded is a transport that a tenant's configuration cannot turn against the
// network that the server stands in (server-side request forgery). The address is
// judged when it is connected to, after names were resolved, so that no answer
// of a name server gets around it. No connection is kept: one to a private host must
// not serve a request for another name.
func guarded(config *tls.Config, privateHosts []string) *http.Transport {
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	open := &net.Dialer{Timeout: DefaultTimeout, KeepAlive: -1}
	closed := &net.Dialer{Timeout: DefaultTimeout, KeepAlive: -1, Control: publicOnly}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(privateHosts, func(name string) bool { return strings.EqualFold(name, host) }) {
				return open.DialContext(ctx, network, address)
			}
			return closed.DialContext(ctx, network, address)
		},
		TLSClientConfig: config, TLSHandshakeTimeout: DefaultTimeout, ResponseHeaderTimeout: DefaultTimeout,
		MaxResponseHeaderBytes: 16 << 10, DisableKeepAlives: true, ForceAttemptHTTP2: false,
		IdleConnTimeout: time.Second,
	}
}

// publicOnly refuses to connect to an address that the Internet does not route.
func publicOnly(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(at.Addr()) {
		return errPrivate
	}
	return nil
}

// isPublic reports that an address may be anybody's on the Internet. Source: the
// IANA registries of special-purpose addresses (RFC 6890).
func isPublic(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() { // neither loopback, link-local, multicast nor unspecified
		return false
	}
	for _, network := range [...]string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		// IPv6, with those that carry an IPv4 address inside: NAT64, 6to4, Teredo, compatible.
		"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		if netip.MustParsePrefix(network).Contains(ip) {
			return false
		}
	}
	return true
}
