package keyring

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
)

const (
	pageSize    = 4096
	pages       = 2
	firstSlot   = pages * pageSize / slotSize
	pageVersion = 1
	pageMagic   = "parleykr"
	headLen     = 8 + 1 + 7 + 16 + 8 + 4

	rootOffset  = 512
	rootMagic   = "root"
	maxWrapped  = 2048
	maxRootID   = 64
	rootContext = "parley keyring key v1"
)

// ErrWrongRoot is the answer to a root key that is not the keyring's.
var ErrWrongRoot = errors.New("the keyring was made with another root key")

// head is the first part of a page: rewritten with every batch.
type head struct {
	id    ID
	stamp uint64
}

func (h head) encode() []byte {
	b := make([]byte, 0, headLen)
	b = append(b, pageMagic...)
	b = append(b, pageVersion, 0, 0, 0, 0, 0, 0, 0)
	b = append(b, h.id[:]...)
	b = binary.BigEndian.AppendUint64(b, h.stamp)
	return appendSum(b)
}

func decodeHead(b []byte) (h head, err error) {
	if len(b) < headLen || string(b[:8]) != pageMagic || !hasSum(b[:headLen]) {
		return h, fmt.Errorf("keyring header: %w", engine.ErrCorrupt)
	}
	if b[8] != pageVersion {
		return h, fmt.Errorf("keyring has layout %d, this version reads %d", b[8], pageVersion)
	}
	copy(h.id[:], b[16:])
	h.stamp = binary.BigEndian.Uint64(b[32:])
	return h, nil
}

// offset is where the head of that stamp goes: pages take turns, so that a torn
// write leaves the other.
func (h head) offset() int64 { return int64(h.stamp%pages) * pageSize }

// encodeRoot wraps the keyring key under the root key.
func encodeRoot(root seal.Root, id ID, key []byte) ([]byte, error) {
	name := root.ID()
	if len(name) == 0 || len(name) > maxRootID {
		return nil, fmt.Errorf("%w: its id has %d characters: want 1 to %d", seal.ErrRootKey, len(name), maxRootID)
	}
	wrapped, err := root.Seal(key, rootPlace(id))
	if err != nil {
		return nil, fmt.Errorf("wrap the keyring key: %w", err)
	}
	if len(wrapped) > maxWrapped {
		return nil, fmt.Errorf("%w %s: its ciphertext of a key has %d bytes: want at most %d", seal.ErrRootKey, name, len(wrapped), maxWrapped)
	}
	b := append([]byte(rootMagic), pageVersion, byte(len(name)))
	b = binary.BigEndian.AppendUint16(b, uint16(len(wrapped)))
	b = append(b, name...)
	b = append(b, wrapped...)
	return appendSum(b), nil
}

// decodeRoot unwraps the keyring key, and tells a wrong root key from a damaged
// section.
func decodeRoot(root seal.Root, id ID, b []byte) (key [seal.KeySize]byte, err error) {
	if len(b) < 8 || string(b[:4]) != rootMagic || b[4] != pageVersion {
		return key, fmt.Errorf("keyring root section: %w", engine.ErrCorrupt)
	}
	nameLen, wrappedLen := int(b[5]), int(binary.BigEndian.Uint16(b[6:]))
	end := 8 + nameLen + wrappedLen
	if nameLen > maxRootID || wrappedLen > maxWrapped || len(b) < end+4 || !hasSum(b[:end+4]) {
		return key, fmt.Errorf("keyring root section: %w", engine.ErrCorrupt)
	}
	if name := string(b[8 : 8+nameLen]); name != root.ID() {
		return key, fmt.Errorf("%w: want root key %s, got %s", ErrWrongRoot, name, root.ID())
	}
	opened, err := root.Open(b[8+nameLen:end], rootPlace(id))
	if err != nil {
		return key, fmt.Errorf("keyring root section does not open under its own root key: %w: %w", engine.ErrCorrupt, err)
	}
	if copy(key[:], opened) != seal.KeySize || len(opened) != seal.KeySize {
		return key, fmt.Errorf("keyring root section: %w", engine.ErrCorrupt)
	}
	return key, nil
}

func rootPlace(id ID) []byte { return append([]byte(rootContext), id[:]...) }

func appendSum(b []byte) []byte {
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

func hasSum(b []byte) bool {
	body := b[:len(b)-4]
	return binary.BigEndian.Uint32(b[len(b)-4:]) == crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))
}
