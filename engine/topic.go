package engine

import "strings"

// TopicKind is a sort of list that an operator's connection may watch besides its
// own state.
type TopicKind uint8

// The sorts of list.
const (
	TopicNone      TopicKind = iota
	TopicQueue               // who waits: in one department or, without one, in all that the connection sees
	TopicBoard               // one department in counts
	TopicOperators           // the operators of the departments that the connection supervises
)

var topicNames = [...]string{"", "queue", "board", "operators"}

func (k TopicKind) String() string { return nameOf(topicNames[:], int(k), "topic") }

// Topic is one list. Comparable.
type Topic struct {
	Kind       TopicKind
	Department DepartmentID // of TopicBoard; of TopicQueue: empty for all
}

// MaxTopics is how many one connection may watch.
const MaxTopics = 256

// String is the topic's wire text: "queue", "queue:sales", "board:sales", "operators".
func (t Topic) String() string {
	if t.Department == "" {
		return t.Kind.String()
	}
	return t.Kind.String() + ":" + string(t.Department)
}

// ParseTopic reads a topic's wire text.
func ParseTopic(text string) (Topic, bool) {
	kind, department, named := strings.Cut(text, ":")
	t := Topic{Department: DepartmentID(department)}
	if named && t.Department.Validate() != nil {
		return Topic{}, false
	}
	switch kind {
	case "queue":
		t.Kind = TopicQueue
	case "board":
		t.Kind = TopicBoard
		return t, named
	case "operators":
		t.Kind = TopicOperators
		return t, !named
	default:
		return Topic{}, false
	}
	return t, true
}
