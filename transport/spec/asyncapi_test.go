package spec_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport"
	"github.com/parleyhq/parley/transport/spec"
)

type ref struct {
	Ref string `json:"$ref"`
}

// asyncAPI is the parts of the document that the tests judge.
type asyncAPI struct {
	AsyncAPI string `json:"asyncapi"`
	Info     struct{ Title, Version string }
	Channels map[string]struct {
		Address  string
		Messages map[string]ref
	}
	Operations map[string]struct {
		Action   string
		Channel  ref
		Messages []ref
		Reply    *struct {
			Channel  ref
			Messages []ref
		}
	}
	Components struct {
		Messages map[string]struct {
			Name, Title string
			Payload     struct {
				SchemaFormat string
				Schema       ref
			}
		}
	}
}

func document(t *testing.T) (doc asyncAPI) {
	t.Helper()
	if err := json.Unmarshal(spec.Document(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestDocument: the parts that AsyncAPI 3.0 requires are there and agree.
func TestDocument(t *testing.T) {
	doc := document(t)
	if doc.AsyncAPI != "3.0.0" || doc.Info.Title == "" || doc.Info.Version == "" {
		t.Errorf("got version %q of %+v", doc.AsyncAPI, doc.Info)
	}
	addresses := map[string]string{"visitor": transport.VisitorPath, "operator": transport.OperatorPath}
	for name, channel := range doc.Channels {
		if channel.Address != addresses[name] {
			t.Errorf("channel %s: got %s, want %s", name, channel.Address, addresses[name])
		}
	}
	if len(doc.Channels) != len(addresses) {
		t.Errorf("got %d channels, want %d", len(doc.Channels), len(addresses))
	}
	for name, message := range doc.Components.Messages {
		if message.Name != name || message.Payload.Schema.Ref != "schemas/"+name+".json" || !strings.Contains(message.Payload.SchemaFormat, "2020-12") {
			t.Errorf("message %s: got %+v", name, message)
		}
		if title := word(schemaOf(t, name), "title"); message.Title != title {
			t.Errorf("message %s: got the title %q, its schema has %q", name, message.Title, title)
		}
	}
}

// TestReferencesResolve: each $ref leads somewhere, within the document or to a
// schema that is served beside it.
func TestReferencesResolve(t *testing.T) {
	whole := parse(t, spec.Document())
	seen := 0
	var walk func(node any)
	walk = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			if target, ok := node["$ref"].(string); ok {
				seen++
				if !resolves(whole, target) {
					t.Errorf("%s leads nowhere", target)
				}
			}
			for _, child := range node {
				walk(child)
			}
		case []any:
			for _, child := range node {
				walk(child)
			}
		}
	}
	walk(whole)
	if seen < 200 {
		t.Errorf("got %d references: the test looks in the wrong place", seen)
	}
	for _, bad := range []string{"#/channels/nobody", "schemas/evt.none.json", "#/channels/visitor/messages/offer.made", ""} {
		if resolves(whole, bad) {
			t.Errorf("%q resolves", bad)
		}
	}
}

func resolves(whole map[string]any, target string) bool {
	pointer, local := strings.CutPrefix(target, "#/")
	if !local {
		_, ok := spec.Schema(strings.TrimSuffix(strings.TrimPrefix(target, "schemas/"), ".json"))
		return ok
	}
	var node any = whole
	for step := range strings.SplitSeq(pointer, "/") {
		object, ok := node.(map[string]any)
		if !ok {
			return false
		}
		if node, ok = object[step]; !ok {
			return false
		}
	}
	return true
}

// TestEverythingHasItsPlace: each schema is a message, each message is in a
// channel, each message of a channel is in an operation of that channel, and
// nothing is anywhere else.
func TestEverythingHasItsPlace(t *testing.T) {
	doc := document(t)
	frames := slices.Sorted(maps.Keys(compile(t, false)))
	if got := slices.Sorted(maps.Keys(doc.Components.Messages)); !slices.Equal(got, frames) {
		t.Errorf("messages:\n%q\nschemas:\n%q", got, frames)
	}
	placed, used := map[string]bool{}, map[string]bool{}
	for name, operation := range doc.Operations {
		side, _, _ := strings.Cut(name, ".")
		channel := "#/channels/" + side
		if operation.Channel.Ref != channel || operation.Reply != nil && operation.Reply.Channel.Ref != channel {
			t.Errorf("operation %s: got channel %s", name, operation.Channel.Ref)
		}
		for _, message := range operation.Messages {
			if of, ok := strings.CutPrefix(message.Ref, channel+"/messages/"); !ok || isClient(of) != (operation.Action == "receive") {
				t.Errorf("operation %s: the server does not %s %s", name, operation.Action, message.Ref)
			}
			used[message.Ref] = true
		}
		if operation.Reply == nil {
			continue
		}
		for _, message := range operation.Reply.Messages {
			if !strings.HasPrefix(message.Ref, channel+"/messages/res.") {
				t.Errorf("operation %s: replies %s", name, message.Ref)
			}
			used[message.Ref] = true
		}
	}
	for side, channel := range doc.Channels {
		for name, message := range channel.Messages {
			if message.Ref != "#/components/messages/"+name {
				t.Errorf("channel %s: %s is %s", side, name, message.Ref)
			}
			placed[name] = true
			if !used["#/channels/"+side+"/messages/"+name] {
				t.Errorf("channel %s: no operation has %s", side, name)
			}
		}
	}
	if got := slices.Sorted(maps.Keys(placed)); !slices.Equal(got, frames) {
		t.Errorf("in channels:\n%q\nschemas:\n%q", got, frames)
	}
}

// TestEveryOperationIsDescribed: package engine's operations, auth and auth.refresh are the
// requests of the document, each answered by its own result or a refusal.
func TestEveryOperationIsDescribed(t *testing.T) {
	want := []string{"auth", "auth.refresh"}
	for _, op := range ops() {
		want = append(want, op.String())
	}
	var got []string
	for name, operation := range document(t).Operations {
		side, op, _ := strings.Cut(name, ".")
		if operation.Action != "receive" || strings.HasPrefix(op, "ctl.") {
			if operation.Reply != nil {
				t.Errorf("%s is no request and has a reply", name)
			}
			continue
		}
		got = append(got, op)
		schema := op
		if op == "auth" {
			schema += "." + side
		}
		channel := "#/channels/" + side + "/messages/"
		answers := []ref{{channel + "res." + schema}, {channel + "res.refused"}}
		if len(operation.Messages) != 1 || operation.Messages[0].Ref != channel+"req."+schema || operation.Reply == nil || !slices.Equal(operation.Reply.Messages, answers) {
			t.Errorf("%s: got %+v", name, operation)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(slices.Compact(got), want) {
		t.Errorf("described: %q, operations: %q", got, want)
	}
}

// TestVisitorsSeeWhatIsTheirs: what only operators get is not in the visitor's
// channel.
func TestVisitorsSeeWhatIsTheirs(t *testing.T) {
	doc := document(t)
	for kind := engine.KindNone + 1; kind.IsValid(); kind++ {
		name := "evt." + kind.String()
		_, forOperators := doc.Channels["operator"].Messages[name]
		_, forVisitors := doc.Channels["visitor"].Messages[name]
		hidden := slices.Contains(schemaOf(t, name)["required"].([]any), any("vis"))
		if !forOperators || forVisitors == hidden {
			t.Errorf("%s: operators %v, visitors %v, for operators only %v", name, forOperators, forVisitors, hidden)
		}
	}
}
