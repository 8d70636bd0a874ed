package transport

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// The table of close codes in docs/PROTOCOL.md is the one in codes.go.
func TestCloseCodesAreAsDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`(?m)^\| ([0-9][0-9, ]*) \| (.*?) \| (.*?) \|$`)
	word := regexp.MustCompile("`([a-z_]+)`")
	type advice struct{ reason, reconnect string }
	documented := map[int]advice{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		reason := ""
		if w := word.FindStringSubmatch(m[2]); w != nil {
			reason = w[1]
		}
		for code := range strings.SplitSeq(m[1], ",") {
			n, err := strconv.Atoi(strings.TrimSpace(code))
			if err != nil {
				t.Fatal(err)
			}
			documented[n] = advice{reason, strings.Trim(m[3], "–")}
		}
	}
	if len(documented) < 15 {
		t.Fatalf("only %d codes found in the document", len(documented))
	}
	for e := endBye; e < endGone; e++ {
		f := farewellOf(e)
		want, known := documented[f.code]
		if !known {
			t.Errorf("%d %s is not documented", f.code, f.reason)
			continue
		}
		if want.reconnect != f.reconnect || want.reason != "" && want.reason != f.reason && f.code >= 1010 {
			t.Errorf("%d: got %s %q, documented %s %q", f.code, f.reason, f.reconnect, want.reason, want.reconnect)
		}
		delete(documented, f.code)
	}
	for code := range documented {
		t.Errorf("%d is documented and never sent", code)
	}
}

func TestCodesSayWhetherToReconnect(t *testing.T) {
	seen := map[int]bool{}
	for e := endBye; e < endGone; e++ {
		f := farewellOf(e)
		if seen[f.code] {
			t.Errorf("%d is used twice", f.code)
		}
		seen[f.code] = true
		returns := slices.Contains([]string{adviceYes, adviceAfter}, f.reconnect)
		if f.code >= 4000 && f.code <= 4499 && !returns {
			t.Errorf("%d means reconnect, advice is %q", f.code, f.reconnect)
		}
		if f.code >= 4500 && returns && e != endAuthTimeout {
			t.Errorf("%d means do not reconnect, advice is %q", f.code, f.reconnect)
		}
		if (f.reconnect == adviceAfter) != (f.retry > 0) {
			t.Errorf("%d: advice %q with a wait of %s", f.code, f.reconnect, f.retry)
		}
	}
}

// Every error code that leaves is one that the protocol lists.
func TestErrorCodesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "## Error codes")
	for _, err := range []*engine.Error{
		engine.ErrBadFrame, engine.ErrBadRequest, engine.ErrUnknownOp, engine.ErrUnsupportedVersion, engine.ErrAuthRequired, engine.ErrAuthInvalid,
		engine.ErrAuthExpired, engine.ErrForbidden, engine.ErrOriginNotAllowed, engine.ErrTenantUnknown, engine.ErrNotFound, engine.ErrClosed,
		engine.ErrOfferGone, engine.ErrOfferNotYours, engine.ErrNotOwner, engine.ErrStaleEpoch, engine.ErrStaleView, engine.ErrIdemConflict,
		engine.ErrTooLarge, engine.ErrRateLimited, engine.ErrTooManyConnections, engine.ErrQueueFull, engine.ErrBusy, engine.ErrFull,
		engine.ErrErased, engine.ErrInternal, engine.ErrFenced, engine.ErrUnknown, engine.ErrCorrupt,
	} {
		if !regexp.MustCompile(`\b` + wire.Code(err) + `\b`).MatchString(list) {
			t.Errorf("%s is not in docs/PROTOCOL.md", wire.Code(err))
		}
	}
}
