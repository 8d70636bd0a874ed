package main

import (
	"fmt"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

var faultyDepartment = regexp.MustCompile(`department ([a-z0-9][a-z0-9_-]*): (?:step (\d+): )?`)

// located puts the line of the department, or of its step, that a fault of the
// whole is about before it, where the fault says which that is.
func located(path string, text []byte, fault error) error {
	parts := faultyDepartment.FindStringSubmatch(fault.Error())
	var doc yaml.Node
	if parts == nil || yaml.Unmarshal(text, &doc) != nil || len(doc.Content) == 0 {
		return fmt.Errorf("%s: %w", path, fault)
	}
	for _, d := range itemsOf(doc.Content[0], "departments") {
		if id := memberOf(d, "id"); id == nil || id.Value != parts[1] {
			continue
		}
		line := d.Line
		if steps := itemsOf(d, "steps"); parts[2] != "" {
			if n, err := strconv.Atoi(parts[2]); err == nil && n >= 1 && n <= len(steps) {
				line = steps[n-1].Line
			}
		}
		return fmt.Errorf("%s:%d: %w", path, line, fault)
	}
	return fmt.Errorf("%s: %w", path, fault)
}

func memberOf(node *yaml.Node, name string) *yaml.Node {
	for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i+1]
		}
	}
	return nil
}

func itemsOf(node *yaml.Node, name string) []*yaml.Node {
	if list := memberOf(node, name); list != nil && list.Kind == yaml.SequenceNode {
		return list.Content
	}
	return nil
}
