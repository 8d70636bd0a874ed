package seal

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// maxRootFile bounds what RootFromFile reads: base64 or hexadecimal text of a
// key is far shorter.
const maxRootFile = 256

// RootFromFile reads a root key from a file of 32 raw bytes or of the key's
// text (see RootFromText). A file that its group or others may read is refused:
// a root key that others know protects nothing (GDPR Art. 32).
func RootFromFile(path string) (Root, error) {
	file, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: no file %s; make one first: %w", ErrRootKey, path, err)
		}
		return nil, fmt.Errorf("%w: %w", ErrRootKey, err)
	}
	defer file.Close()
	if err := checkPrivate(file); err != nil {
		return nil, fmt.Errorf("%w: file %s %w", ErrRootKey, path, err)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxRootFile))
	if err != nil {
		return nil, fmt.Errorf("%w: read file %s: %w", ErrRootKey, path, err)
	}
	if len(content) == KeySize {
		return NewRoot(content)
	}
	root, err := RootFromText(string(content))
	if err != nil {
		return nil, fmt.Errorf("file %s: %w", path, err)
	}
	return root, nil
}

func checkPrivate(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("is not a regular file")
	}
	if open := info.Mode().Perm() & 0o077; open != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("has mode %04o, which lets others read it: want 0600", info.Mode().Perm())
	}
	return nil
}

// GenerateRootFile makes a new root key and writes it as hexadecimal text to a
// file of mode 0600, which must not exist. The file and its directory are
// synced: a store must not outlive its key.
func GenerateRootFile(path string) (err error) {
	key := make([]byte, KeySize)
	if _, err := rand.Read(key); err != nil {
		return fmt.Errorf("%w: %w", ErrRootKey, err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRootKey, err)
	}
	_, err = file.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("%w: write file %s: %w", ErrRootKey, path, err)
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there
	}
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRootKey, err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("%w: sync directory %s: %w", ErrRootKey, path, err)
	}
	return nil
}
