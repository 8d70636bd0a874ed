package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

// tenantFile is one tenant as its file writes it: YAML, or JSON, which is
// YAML. Absent settings take package engine's defaults.
type tenantFile struct {
	ID          string           `yaml:"id"`
	Name        string           `yaml:"name,omitempty"`
	Origins     []string         `yaml:"origins,omitempty"`
	Transcripts *bool            `yaml:"transcripts,omitempty"` // absent: on
	Peek        bool             `yaml:"peek,omitempty"`        // operators see what visitors type before it is sent
	Departments []departmentFile `yaml:"departments"`
	Operators   []operatorFile   `yaml:"operators,omitempty"`
	Keys        []keyFile        `yaml:"keys,omitempty"`
	VisitorKeys []keyFile        `yaml:"visitor_keys,omitempty"` // absent: visitors stay anonymous
	// Issuers that publish their keys, beside keys and visitor_keys.
	KeySets        []keySetFile `yaml:"key_sets,omitempty"`
	VisitorKeySets []keySetFile `yaml:"visitor_key_sets,omitempty"`
	Attributes     []string     `yaml:"attributes,omitempty,flow"` // what may be held about a visitor besides e-mail, phone and name
	Files          filesFile    `yaml:"files,omitempty"`
	MaxMisses      int          `yaml:"max_misses,omitempty"` // offers in a row that run out before the operator is paused
	Limits         limitsFile   `yaml:"limits,omitempty"`

	path string // where it was read from
}

type departmentFile struct {
	ID           string   `yaml:"id"`
	Name         string   `yaml:"name,omitempty"`
	OfferTimeout duration `yaml:"offer_timeout,omitempty"`
	DeclineFor   duration `yaml:"decline_for,omitempty"`
	WrapUp       duration `yaml:"wrap_up,omitempty"`
	QueueLimit   int      `yaml:"queue_limit,omitempty"`
	QueueGrace   duration `yaml:"queue_grace,omitempty"`

	policyFile `yaml:",inline"`
}

type operatorFile struct {
	ID          string   `yaml:"id"`
	Name        string   `yaml:"name,omitempty"`
	Departments []string `yaml:"departments,omitempty"`
	Capacity    int      `yaml:"capacity,omitempty"`
	OpenCap     int      `yaml:"open_cap,omitempty"`

	Tiers     map[string]tierWord `yaml:"tiers,omitempty,flow"`
	Skills    map[string]int      `yaml:"skills,omitempty,flow"`
	MayPick   bool                `yaml:"may_pick,omitempty"`
	Bot       bool                `yaml:"bot,omitempty"`
	PushReach duration            `yaml:"push_reach,omitempty"`
}

// keyFile is a key that verifies operators' or visitors' tokens. File names are relative to
// the tenant file's folder.
type keyFile struct {
	ID         string `yaml:"id,omitempty"`
	Algorithm  string `yaml:"algorithm"`
	PEM        string `yaml:"pem,omitempty"`
	PEMFile    string `yaml:"pem_file,omitempty"`
	Secret     string `yaml:"secret,omitempty"`
	SecretFile string `yaml:"secret_file,omitempty"`
}

// keySetFile is an issuer of tokens and where its keys are.
type keySetFile struct {
	Issuer   string `yaml:"issuer"`
	URL      string `yaml:"url"`
	Audience string `yaml:"audience,omitempty"` // absent: the tenant's id
}

func keySets(files []keySetFile) []engine.KeySet {
	var sets []engine.KeySet
	for _, f := range files {
		sets = append(sets, engine.KeySet{Issuer: f.Issuer, URL: f.URL, Audience: f.Audience})
	}
	return sets
}

type limitsFile struct {
	MessageBytes      int      `yaml:"message_bytes,omitempty"`
	VisitorDevices    int      `yaml:"visitor_devices,omitempty"`
	OperatorDevices   int      `yaml:"operator_devices,omitempty"`
	Connections       int      `yaml:"connections,omitempty"`
	MessagesPerSecond float64  `yaml:"messages_per_second,omitempty"`
	TokenTTL          duration `yaml:"token_ttl,omitempty"`
}

// filesFile is what files people may send; off: none.
type filesFile struct {
	Off          bool     `yaml:"off,omitempty"`
	Bytes        int64    `yaml:"bytes,omitempty"`
	Types        []string `yaml:"types,omitempty"`
	PerSession   int      `yaml:"per_session,omitempty"`
	SessionBytes int64    `yaml:"session_bytes,omitempty"`
}

// duration insists on a unit: a bare 20 could mean seconds or nanoseconds.
type duration time.Duration

// UnmarshalYAML reads text like 20s or 1h30m.
func (d *duration) UnmarshalYAML(node *yaml.Node) error {
	parsed, err := time.ParseDuration(node.Value)
	if err != nil || node.Kind != yaml.ScalarNode {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: want a duration with its unit, like 20s or 5m", node.Line)}}
	}
	*d = duration(parsed)
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (d duration) MarshalYAML() (any, error) { return time.Duration(d).String(), nil }

// readTenants reads every tenant file of a folder and checks them together.
func readTenants(dir string) ([]tenantFile, *engine.Tenants, error) {
	names, err := tenantFiles(dir)
	if err != nil {
		return nil, nil, usageError{err}
	}
	files := make([]tenantFile, len(names))
	tenants := make([]*engine.Tenant, len(names))
	seen := map[engine.TenantID]string{}
	for i, name := range names {
		file, tenant, err := readTenant(name)
		if err != nil {
			return nil, nil, usageError{err}
		}
		if first, ok := seen[tenant.ID]; ok {
			return nil, nil, wrongUsage("%s: id: tenant %s is also in %s", name, tenant.ID, first)
		}
		seen[tenant.ID] = name
		files[i], tenants[i] = *file, tenant
	}
	set, err := engine.NewTenants(tenants...)
	if err != nil {
		return nil, nil, usageError{err}
	}
	return files, set, nil
}

func tenantFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("tenants: %w", err)
	}
	var names []string
	for _, entry := range entries {
		extension := filepath.Ext(entry.Name())
		if !entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") && slices.Contains([]string{".yaml", ".yml", ".json"}, extension) {
			names = append(names, filepath.Join(dir, entry.Name()))
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("tenants: no .yaml, .yml or .json file in %s", dir)
	}
	return names, nil
}

// readTenant reads one file. Errors name the file and the line or key, and
// never quote a secret.
func readTenant(path string) (*tenantFile, *engine.Tenant, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("tenants: %w", err)
	}
	file := &tenantFile{path: path}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(file); errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("%s: the file is empty", path)
	} else if err != nil {
		return nil, nil, tenantError(path, err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("%s: one tenant per file, and here is a second document", path)
	}
	tenant, err := file.tenant()
	if err != nil {
		return nil, nil, located(path, text, err)
	}
	tenant.EnsureDefaults()
	if err := tenant.Validate(); err != nil {
		return nil, nil, located(path, text, err)
	}
	for set, keys := range map[string][]engine.TokenKey{"keys": tenant.Keys, "visitor_keys": tenant.VisitorKeys} {
		for i, key := range keys {
			if err := auth.CheckKey(key); err != nil {
				return nil, nil, fmt.Errorf("%s: %s: key %d: %w", path, set, i+1, err)
			}
		}
	}
	return file, tenant, nil
}

var (
	yamlLine    = regexp.MustCompile(`^line (\d+): (.*)$`)
	yamlUnknown = regexp.MustCompile(`field (\S+) not found in type .*`)
	yamlType    = regexp.MustCompile(`cannot unmarshal !!(\w+).* into (?:\[\])?(?:main\.)?(\w+)`)
	yamlMap     = regexp.MustCompile(`\bwant (\w+)File,`)
)

// tenantError puts the parser's words into file:line form, without the names
// of Go types and without quoting values.
func tenantError(path string, err error) error {
	lines := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	var types *yaml.TypeError
	if errors.As(err, &types) {
		lines = types.Errors
	}
	var faults []error
	for _, line := range lines {
		line = yamlUnknown.ReplaceAllString(line, "unknown key $1")
		line = wantedType(line)
		if parts := yamlLine.FindStringSubmatch(line); parts != nil {
			faults = append(faults, fmt.Errorf("%s:%s: %s", path, parts[1], parts[2]))
			continue
		}
		faults = append(faults, fmt.Errorf("%s: %s", path, line))
	}
	return errors.Join(faults...)
}

// tenant is the file in the engine's words.
func (f *tenantFile) tenant() (*engine.Tenant, error) {
	t := &engine.Tenant{
		ID: engine.TenantID(f.ID), Revision: 1, Name: f.Name, Origins: f.Origins,
		KeySets: keySets(f.KeySets), VisitorKeySets: keySets(f.VisitorKeySets), Attributes: f.Attributes,
		Transcripts: f.Transcripts == nil || *f.Transcripts, Peek: f.Peek, Files: engine.Files(f.Files), MaxMisses: f.MaxMisses,
		Limits: engine.Limits{
			MessageBytes: f.Limits.MessageBytes, VisitorDevices: f.Limits.VisitorDevices, OperatorDevices: f.Limits.OperatorDevices,
			Connections: f.Limits.Connections, MessagesPerSecond: f.Limits.MessagesPerSecond, TokenTTL: time.Duration(f.Limits.TokenTTL),
		},
	}
	for _, d := range f.Departments {
		department, err := d.department()
		if err != nil {
			return nil, fmt.Errorf("department %s: %w", d.ID, err)
		}
		t.Departments = append(t.Departments, department)
	}
	for _, o := range f.Operators {
		t.Operators = append(t.Operators, o.operator())
	}
	var err error
	if t.Keys, err = f.keySet("keys", f.Keys); err != nil {
		return nil, err
	}
	t.VisitorKeys, err = f.keySet("visitor_keys", f.VisitorKeys)
	return t, err
}

// department is the file's department in the engine's words.
func (d *departmentFile) department() (engine.Department, error) {
	department := engine.Department{
		ID: engine.DepartmentID(d.ID), Name: d.Name, OfferTimeout: time.Duration(d.OfferTimeout), DeclineFor: time.Duration(d.DeclineFor),
		WrapUp: time.Duration(d.WrapUp), QueueLimit: d.QueueLimit, QueueGrace: time.Duration(d.QueueGrace),
	}
	return department, d.apply(&department)
}

func (f *tenantFile) keySet(name string, files []keyFile) (keys []engine.TokenKey, err error) {
	for i, k := range files {
		key, err := k.key(filepath.Dir(f.path))
		if err != nil {
			return nil, fmt.Errorf("%s: key %d: %w", name, i+1, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// key reads the files that a key names.
func (k keyFile) key(dir string) (engine.TokenKey, error) {
	secret, err := oneOf("secret", k.Secret, k.SecretFile, dir)
	if err != nil {
		return engine.TokenKey{}, err
	}
	public, err := oneOf("pem", k.PEM, k.PEMFile, dir)
	if err != nil {
		return engine.TokenKey{}, err
	}
	return engine.TokenKey{ID: k.ID, Algorithm: k.Algorithm, PEM: public, Secret: engine.BodyOf(strings.TrimRight(secret, "\r\n"))}, nil
}

// oneOf is a value given in place or by file.
func oneOf(name, inline, file, dir string) (string, error) {
	switch {
	case file == "":
		return inline, nil
	case inline != "":
		return "", fmt.Errorf("%s and %s_file: one of them", name, name)
	case !filepath.IsAbs(file):
		file = filepath.Join(dir, file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s_file: %w", name, err)
	}
	return string(text), nil
}

// mask stands for a secret in what is printed.
const mask = "********"

// masked copies the file without its secrets.
func (f *tenantFile) masked() tenantFile {
	c := *f
	c.Keys, c.VisitorKeys = maskedKeys(f.Keys), maskedKeys(f.VisitorKeys)
	return c
}

func maskedKeys(keys []keyFile) []keyFile {
	keys = slices.Clone(keys)
	for i := range keys {
		if keys[i].Secret != "" {
			keys[i].Secret = mask
		}
	}
	return keys
}

// wantedType is a parser's line about a value of a wrong type, without the value and in
// the files' words.
func wantedType(line string) string {
	return yamlMap.ReplaceAllString(yamlType.ReplaceAllString(line, "want $2, got $1"), "want a $1 with its keys,")
}
