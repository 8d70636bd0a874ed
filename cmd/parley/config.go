package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// configFile is a file of settings, read once: a flat mapping from a flag's
// name, with underscores, to its value. It gives way to flags and environment.
type configFile struct {
	path   string
	values map[string]configValue // by the flag's name
}

type configValue struct {
	text string
	line int
}

// readConfig reads a file of settings.
func readConfig(path string) (*configFile, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	file := &configFile{path: path, values: map[string]configValue{}}
	var document yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&document); errors.Is(err, io.EOF) {
		return file, nil // empty, or comments only
	} else if err != nil {
		return nil, fmt.Errorf("%s: %s", path, yamlMessage(err))
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: one document per file, and here is a second one", path)
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: want a mapping of settings, like `listen: 127.0.0.1:8080`", path, root.Line)
	}
	for i := 0; i < len(root.Content); i += 2 {
		if err := file.add(root.Content[i], root.Content[i+1]); err != nil {
			return nil, err
		}
	}
	return file, nil
}

func (f *configFile) add(key, value *yaml.Node) error {
	if strings.Contains(key.Value, "-") {
		return f.errorf(key.Line, "unknown setting %s; settings are written with underscores: %s", key.Value, strings.ReplaceAll(key.Value, "-", "_"))
	}
	name := strings.ReplaceAll(key.Value, "_", "-")
	if first, ok := f.values[name]; ok {
		return f.errorf(key.Line, "%s is set twice; first on line %d", key.Value, first.line)
	}
	if value.Kind != yaml.ScalarNode {
		return f.errorf(value.Line, "%s: want a single value", key.Value)
	}
	f.values[name] = configValue{text: value.Value, line: key.Line}
	return nil
}

func (f *configFile) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", f.path, line, fmt.Sprintf(format, args...))
}

// check compares the file with a command's flags: every key must be one of
// them and every value readable by it.
func (f *configFile) check(flags []*kong.Flag) error {
	for _, name := range f.names() {
		value := f.values[name]
		i := slices.IndexFunc(flags, func(flag *kong.Flag) bool { return flag.Name == name && fileable(flag) })
		if i < 0 {
			return f.errorf(value.line, "unknown setting %s", strings.ReplaceAll(name, "-", "_"))
		}
		if err := tryValue(flags[i], value.text); err != nil {
			return f.errorf(value.line, "%s: %v", strings.ReplaceAll(name, "-", "_"), err)
		}
	}
	return nil
}

// names lists the settings in the order of their lines.
func (f *configFile) names() []string {
	names := make([]string, 0, len(f.values))
	for name := range f.values {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return f.values[a].line - f.values[b].line })
	return names
}

// fileable reports whether a flag is a setting, rather than an order to the
// command line.
func fileable(flag *kong.Flag) bool {
	return flag.Name != "help" && flag.Name != "config" && flag.Name != "print-config"
}

// tryValue reads a value as the flag would, without setting it.
func tryValue(flag *kong.Flag, text string) error {
	scratch := reflect.New(flag.Target.Type()).Elem()
	err := flag.Parse(kong.ScanFromTokens(kong.Token{Type: kong.FlagValueToken, Value: text}), scratch)
	if err != nil {
		return fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "--"+flag.Name+": "))
	}
	if allowed := flag.EnumSlice(); flag.Enum != "" && !slices.Contains(allowed, text) {
		return fmt.Errorf("want one of %s, got %q", strings.Join(allowed, ", "), text)
	}
	return nil
}

// Resolve answers a flag's value, if the file has one and the environment
// does not: kong itself would let the file go before the environment.
func (f *configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return nil, nil
		}
	}
	if value, ok := f.values[flag.Name]; ok && fileable(flag) {
		return value.text, nil
	}
	return nil, nil
}

// Validate has nothing to add to check.
func (f *configFile) Validate(*kong.Application) error { return nil }

// yamlMessage is a parser's complaint without its prefix, on one line.
func yamlMessage(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n  ")
	return strings.ReplaceAll(text, "\n  ", "; ")
}
