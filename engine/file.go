package engine

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// FileID names a file within its session. Knowing it gives no right to the file.
type FileID ID

func (id FileID) String() string { return ID(id).String() }

// IsZero reports whether the id is absent.
func (id FileID) IsZero() bool { return id == FileID{} }

// ParseFileID reads a file id's text.
func ParseFileID(text string) (FileID, error) {
	id, err := ParseID(text)
	return FileID(id), err
}

// Bounds that every implementation keeps.
const (
	MaxFileBytes    = 1 << 30 // of one file, whatever the tenant says
	MaxFileName     = 255     // bytes of a file's name
	MaxFilesPending = 8       // files of one session that are announced and not yet messages
)

// Lives of what is announced, and of the proofs that move bytes.
const (
	// FileLife is how long a file may be announced, or there in full, without
	// being a message. It is forgotten then.
	FileLife = 15 * time.Minute
	// FileLinkLife is how long the link to read a file holds.
	FileLinkLife = 2 * time.Minute
)

// File is what is known of a file besides its bytes: what its sender announced,
// and, once it is a message, what the server has verified.
type File struct {
	ID    FileID
	Name  Body // as its sender calls it, without a path; boxed, because it is what somebody typed
	Bytes int64
	Media string   // type/subtype in lower case, without parameters (RFC 6838 section 4.2)
	Sum   [32]byte // SHA-256
}

// Attachment is where a message's file is kept. It is stored with the entry and
// never on the wire: whoever holds the entry's text in clear can open the file,
// and nobody else. So a file goes with its message's text.
type Attachment struct {
	File  FileID
	Bytes int64
	Key   Body // opens the bytes in their Vault; the vault made it
}

// fileFacts is a File as the body of its message has it.
type fileFacts struct {
	ID    string `json:"file_id"`
	Name  string `json:"name"`
	Bytes int64  `json:"size"`
	Media string `json:"mime"`
	Sum   string `json:"sha256"`
}

// Facts is the body of the file's message: a JSON object.
func (f *File) Facts() Body {
	text, _ := json.Marshal(fileFacts{f.ID.String(), string(f.Name.Reveal()), f.Bytes, f.Media, hex.EncodeToString(f.Sum[:])}) // strings and a number: cannot fail
	return NewBody(text)
}

// FileOf reads what Facts wrote. ErrCorrupt for anything else; its text holds
// nothing of the body.
func FileOf(body Body) (*File, error) {
	var facts fileFacts
	if err := json.Unmarshal(body.Reveal(), &facts); err != nil {
		return nil, fmt.Errorf("facts of a file: %w", ErrCorrupt)
	}
	id, err := ParseFileID(facts.ID)
	sum, bad := hex.DecodeString(facts.Sum)
	f := &File{ID: id, Name: BodyOf(facts.Name), Bytes: facts.Bytes, Media: facts.Media}
	if err != nil || bad != nil || copy(f.Sum[:], sum) != len(f.Sum) || len(sum) != len(f.Sum) {
		return nil, fmt.Errorf("facts of a file: %w", ErrCorrupt)
	}
	return f, nil
}

// FileLink answers OpFile and OpFetch: where to write a file's bytes, or read
// them.
type FileLink struct {
	Tenant  TenantID
	File    FileID
	Token   string // the proof to show there; holds no readable data
	Expires time.Time
}

// Vault keeps files' bytes. A store for tenants whose transcripts are off keeps
// them in memory only. Safe from any goroutine; methods may wait for a disk.
type Vault interface {
	// CreateFile begins to keep a file. Nobody can read it before it is whole, and
	// a file that no entry holds is gone at the next start. ErrFull: out of space.
	CreateFile(ref SessionRef, id FileID, bytes int64) (FileWriter, error)
	// OpenFile opens the bytes of an entry's file. The reader checks each part that
	// it hands over. ErrNotFound: the file is gone. ErrCorrupt: it is damaged, or not
	// what the key belongs to.
	OpenFile(ref SessionRef, at Attachment) (io.ReadSeekCloser, error)
	// RemoveFile removes a file that is in no entry, whole or not. Readers of it
	// fail from then on.
	RemoveFile(ref SessionRef, id FileID)
}

// FileWriter takes a file's bytes. One goroutine uses it, and ends it by Commit or
// Abort.
type FileWriter interface {
	io.Writer
	// Commit makes what was written durable and answers its key.
	Commit() (key Body, err error)
	// Abort removes what was written. After Commit it does nothing.
	Abort()
}

// FileExchange is how bytes of files come and go beside the sockets;
// actors.System is one. The token says who asks and for what: see FileLink.
// Errors: ErrNotFound for whatever the bearer has no right to, or no more.
type FileExchange interface {
	// Upload takes the bytes of an announced file, all of them or none. Besides
	// ErrNotFound: ErrBusy while another upload of it goes on, ErrFileMismatch for
	// bytes that are not what was announced, ErrTypeNotAllowed, ErrClosed, ErrFull.
	Upload(ctx context.Context, tenant TenantID, id FileID, token string, bytes io.Reader) error
	// Download opens a message's file. The caller closes it.
	Download(ctx context.Context, tenant TenantID, id FileID, token string) (*File, io.ReadSeekCloser, error)
}
