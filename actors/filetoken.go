package actors

import (
	"encoding/binary"
	"time"

	"github.com/parleyhq/parley/engine"
)

// The versions of claims in tokens that the store seals. Those of visitors are 1
// and 2: see pass.go. One sort never passes for another.
const (
	fileUpload   = 3
	fileDownload = 4
)

// fileClaims is what a token for a file's bytes says:
//
//	version 1 | file 16 | session 16 | issued, seconds 8 | expires, seconds 8 |
//	author kind 1 | visitor 16, or the operator's name
type fileClaims struct {
	version byte
	file    engine.FileID
	session engine.SessionID
	issued  time.Time
	expires time.Time
	author  engine.Author
	visitor engine.VisitorID // of AuthorVisitor
}

const fileClaimsHead = 1 + 16 + 16 + 8 + 8 + 1

func (c *fileClaims) append(b []byte) []byte {
	b = append(append(append(b, c.version), c.file[:]...), c.session[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.issued.Unix()))
	b = binary.BigEndian.AppendUint64(b, uint64(c.expires.Unix()))
	b = append(b, byte(c.author.Kind))
	if c.author.Kind == engine.AuthorVisitor {
		return append(b, c.visitor[:]...)
	}
	return append(b, c.author.Operator...)
}

// readFileClaims reads what append wrote; false for anything else.
func readFileClaims(b []byte) (c fileClaims, ok bool) {
	if len(b) < fileClaimsHead || b[0] != fileUpload && b[0] != fileDownload {
		return c, false
	}
	c.version = b[0]
	copy(c.file[:], b[1:])
	copy(c.session[:], b[17:])
	c.issued = time.Unix(int64(binary.BigEndian.Uint64(b[33:])), 0).UTC()
	c.expires = time.Unix(int64(binary.BigEndian.Uint64(b[41:])), 0).UTC()
	c.author.Kind = engine.AuthorKind(b[49])
	rest := b[fileClaimsHead:]
	switch c.author.Kind {
	case engine.AuthorVisitor:
		return c, len(rest) == copy(c.visitor[:], rest) && len(rest) == len(c.visitor)
	case engine.AuthorOperator:
		c.author.Operator = engine.OperatorID(rest)
		return c, c.author.Operator.Validate() == nil
	default:
		return c, false
	}
}

// link seals who may do what with a file. An operator's link is worth nothing once
// the operator is signed out.
func (s *System) link(t *tenancy, seat *seat, c fileClaims, now time.Time) (*engine.FileLink, error) {
	c.author, c.visitor, c.issued = seat.author, seat.visitor, now
	token, err := s.cfg.Store.SealToken(t.id, c.append(nil))
	if err != nil {
		return nil, err
	}
	return &engine.FileLink{Tenant: t.id, File: c.file, Token: token, Expires: c.expires.UTC().Truncate(time.Second)}, nil
}

// openLink reads a link's token. ErrNotFound for all that is not one for that file;
// ErrAuthExpired for one that was.
func (s *System) openLink(tenant engine.TenantID, id engine.FileID, version byte, token string) (*tenancy, fileClaims, error) {
	t := s.tenant(tenant)
	if t == nil {
		return nil, fileClaims{}, engine.ErrNotFound
	}
	claims, err := s.cfg.Store.OpenToken(tenant, token)
	c, ok := readFileClaims(claims)
	now := s.cfg.Clock()
	switch {
	case err != nil, !ok, c.version != version, c.file != id:
		return nil, c, engine.ErrNotFound
	case !now.Before(c.expires):
		return nil, c, engine.ErrAuthExpired
	case c.author.Kind == engine.AuthorOperator && t.operator(c.author.Operator).isRevoked(engine.Principal{Issued: c.issued}, now):
		return nil, c, engine.ErrNotFound
	case c.author.Kind == engine.AuthorVisitor && t.hasRevoked(c.visitor, c.issued):
		return nil, c, engine.ErrNotFound
	}
	return t, c, nil
}
