package rest

import (
	"context"
	"math"
	"strconv"
	"strings"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// maxTranscript bounds the events that one transcript looks at.
const maxTranscript = 2000

// nextHeader says where a transcript that is no JSON object goes on.
const nextHeader = "Parley-Next-After-Seq"

// written is an answer that is not JSON.
type written struct {
	media string
	body  []byte
	next  engine.Seq // 0: there is no more
}

// getTranscript answers what was said in a session: what its visitor may see, or, on
// request, what operators may.
func (a *api) getTranscript(wait context.Context, c *call) (any, error) {
	ref, err := a.session(wait, c)
	if err != nil {
		return nil, err
	}
	after, err := c.number("after_seq", 0, 0, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	reader := engine.VisibleToAll
	switch c.text("visibility") {
	case "", reader.String():
	case engine.VisibleToOperators.String():
		reader = engine.VisibleToOperators
	default:
		return nil, engine.ErrBadRequest.In("visibility")
	}
	format := c.text("format")
	if format != "" && format != "json" && format != "jsonl" && format != "text" {
		return nil, engine.ErrBadRequest.In("format")
	}
	entries, last, more, err := a.read(wait, ref, engine.Seq(after), reader)
	if err != nil {
		return nil, err
	}
	if format == "" || format == "json" {
		return transcriptPage(ref, entries, last, more, reader), nil
	}
	out := written{media: "application/jsonl", body: lines(entries, reader)}
	if format == "text" {
		out = written{media: "text/plain; charset=utf-8", body: c.script(entries)}
	}
	if more {
		out.next = last
	}
	return out, nil
}

// read reads entries that a reader may see, of at most maxTranscript, and the number
// of the last one that it looked at.
func (a *api) read(wait context.Context, ref engine.SessionRef, after engine.Seq, reader engine.Visibility) (seen []*engine.Entry, last engine.Seq, more bool, err error) {
	last = after
	for range maxTranscript / engine.MaxCatchUp {
		entries, err := a.System.History(wait, ref, last, engine.MaxCatchUp)
		if err != nil {
			return nil, last, false, err
		}
		for _, e := range entries {
			last = e.Seq
			if e.IsVisible(reader) {
				seen = append(seen, e)
			}
		}
		if len(entries) < engine.MaxCatchUp {
			return seen, last, false, nil
		}
	}
	return seen, last, true, nil
}

func transcriptPage(ref engine.SessionRef, entries []*engine.Entry, last engine.Seq, more bool, reader engine.Visibility) encoded {
	page := append([]byte(`{"sid":"`), ref.Session.String()...)
	page = append(page, `","events":[`...)
	for i, e := range entries {
		if i > 0 {
			page = append(page, ',')
		}
		page = wire.AppendEntry(page, e, reader)
	}
	page = append(page, `],"next_after_seq":`...)
	page = strconv.AppendUint(page, uint64(last), 10)
	page = append(page, `,"more":`...)
	return append(strconv.AppendBool(page, more), '}')
}

func lines(entries []*engine.Entry, reader engine.Visibility) (text []byte) {
	for _, e := range entries {
		text = append(wire.AppendEntry(text, e, reader), '\n')
	}
	return text
}

// script writes entries for people. What somebody typed never begins a line, so that
// nobody can write a line that looks like another's.
func (c *call) script(entries []*engine.Entry) []byte {
	var text strings.Builder
	for _, e := range entries {
		text.WriteString(e.At.UTC().Format("2006-01-02 15:04:05Z"))
		text.WriteString(" #" + strconv.FormatUint(uint64(e.Seq), 10) + " ")
		if e.Visibility == engine.VisibleToOperators {
			text.WriteString("(operators) ")
		}
		c.scriptLine(&text, e)
		text.WriteByte('\n')
	}
	return []byte(text.String())
}

func (c *call) scriptLine(text *strings.Builder, e *engine.Entry) {
	says := ""
	switch e.Kind {
	case engine.KindMessageNew, engine.KindNoteAdded, engine.KindFormFilled:
	case engine.KindMessageEdited:
		says = " (edits #" + strconv.FormatUint(uint64(e.Target), 10) + ")"
	case engine.KindMessageRedacted:
		text.WriteString(c.nameOf(e.Author) + " removes #" + strconv.FormatUint(uint64(e.Target), 10))
		return
	default:
		text.WriteString("* " + e.Kind.String())
		for _, word := range []string{e.Cause.String(), string(e.Department), string(e.Operator)} {
			if word != "" {
				text.WriteString(" " + word)
			}
		}
		return
	}
	text.WriteString(c.nameOf(e.Author) + says + ": ")
	switch e.Format {
	case engine.FormatRedacted:
		text.WriteString("[removed]")
	case engine.FormatText:
		text.WriteString(indented(string(e.Body.Reveal())))
	default:
		text.WriteString("[" + e.Format.String() + "] " + indented(string(e.Body.Reveal())))
	}
}

// indented keeps all but the first line of a text from the left edge, whatever ends
// a line where it is read.
func indented(text string) string {
	return strings.NewReplacer("\r\n", "\n    ", "\n", "\n    ", "\r", "\n    ", "\v", " ", "\f", " ", "\u0085", "\n    ", "\u2028", "\n    ", "\u2029", "\n    ").Replace(text)
}

// nameOf is who acted, as people are told: names are looked up now.
func (c *call) nameOf(by engine.Author) string {
	if by.Kind != engine.AuthorOperator {
		return by.Kind.String()
	}
	if o, declared := c.tenant.Operator(by.Operator); declared {
		return o.Name + " (" + string(o.ID) + ")"
	}
	return string(by.Operator)
}
