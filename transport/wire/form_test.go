package wire

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
)

func aForm() *engine.Form {
	return &engine.Form{Subject: engine.BodyOf("a \"late\" <order>"), Answers: []engine.FormAnswer{
		{Name: "kind", Value: engine.BodyOf("gr\u00fc\u00df")}, {Name: "order", Value: engine.BodyOf("17")},
	}}
}

// helloOfRights is an operator's where a department asks, lists and allows something.
func helloOfRights() []byte {
	t := &engine.Tenant{ID: "acme", Departments: []engine.Department{
		{ID: "sales", CloseReasons: []string{"solved", "spam"}, Form: []engine.FormField{{Name: "order", Label: "Order number", Required: true, Options: []string{"17"}}}},
		{ID: "help"},
	}}
	t.EnsureDefaults()
	return AppendHello(nil, &Hello{
		Request: "c0", Conn: engine.ID(other), Tenant: t, Operator: "ada", Now: at, FrameBytes: 1, PingEvery: time.Second,
		Welcome: &engine.Welcome{Me: &engine.Me{Rev: 1, Operator: "ada"}, Rights: map[engine.DepartmentID]engine.Rights{"sales": engine.RightSupervise | engine.RightPick}},
	})
}

// What a client writes of a form, a server reads: with each start, and nowhere else.
func TestFormsAreReadAsTheyAreWritten(t *testing.T) {
	for _, op := range []engine.Op{engine.OpStart, engine.OpContinue} {
		d := engine.Draft{Op: op, Request: "c1", ClientID: "k", Form: aForm()}
		if op == engine.OpContinue {
			d.Session, d.Plan = session, &engine.Plan{}
		}
		var frame Frame
		if err := Decode(AppendDraft(nil, &d), &frame); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(frame.Draft, d) {
			t.Errorf("%s: got %+v, want %+v", op, frame.Draft, d)
		}
	}
	var frame Frame
	text := `{"k":"req","id":"c1","op":"session.rate","d":{"sid":"` + session.String() + `","score":3,"idem":"k","subject":5,"form":[]}}`
	if err := Decode([]byte(text), &frame); err != nil || frame.Draft.Form != nil {
		t.Errorf("a form with a rating: got %v, %v", frame.Draft.Form, err)
	}
}

func TestFormsAreJudged(t *testing.T) {
	many := `{"a":"1","b":"1","c":"1","d":"1","e":"1","f":"1","g":"1","h":"1","i":"1","j":"1","k":"1"}`
	for member, wants := range map[string]struct {
		fault []string
		form  *engine.Form
	}{
		`"subject":""`:                      {nil, &engine.Form{}},
		`"subject":null`:                    {nil, nil},
		`"subject":7`:                       {[]string{"subject"}, nil},
		`"subject":["x"]`:                   {[]string{"subject"}, nil},
		`"form":{}`:                         {nil, &engine.Form{}},
		`"form":{"a":""}`:                   {nil, &engine.Form{}},
		`"form":{"a":null}`:                 {nil, &engine.Form{}},
		`"form":{"a":1}`:                    {[]string{"form"}, nil},
		`"form":{"a":{"b":"c"}}`:            {[]string{"form"}, nil},
		`"form":"x"`:                        {[]string{"form"}, nil},
		`"form":` + many:                    {[]string{"form"}, nil},
		`"form":[],"form":{}`:               {nil, &engine.Form{}},
		`"form":{"a":"1"},"form":{"b":"2"}`: {nil, &engine.Form{Answers: []engine.FormAnswer{{Name: "b", Value: engine.BodyOf("2")}}}},
	} {
		var frame Frame
		err := Decode([]byte(`{"k":"req","id":"c1","op":"session.start","d":{"idem":"k",`+member+`}}`), &frame)
		if wants.fault == nil && (err != nil || !reflect.DeepEqual(frame.Draft.Form, wants.form)) {
			t.Errorf("%s: got %+v, %v", member, frame.Draft.Form, err)
		}
		if wants.fault != nil && (!errors.Is(err, engine.ErrBadRequest) || !slices.Equal(err.Fields, wants.fault)) {
			t.Errorf("%s: got %v, want fields %v", member, err, wants.fault)
		}
	}
}
