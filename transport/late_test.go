package transport

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/engine"
)

// A frame that the engine hands over after its connection has ended must not
// reach the next visitor's socket. The hazard is real: the naive program shows
// it in the same run.
func TestLateWritesReachNobody(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		r := serve(t, o)
		foreign := 0
		for trial := range 200 {
			secret := fmt.Sprintf("secret-%d-", trial)
			first := r.seated()
			outlet := r.board.only(t)
			var late sync.WaitGroup
			late.Go(func() { // from before its end until after the next one came
				for range 20 {
					outlet.Deliver(&engine.Entry{Kind: engine.KindMessageNew, Seq: 1, Body: engine.BodyOf(secret)})
				}
			})
			_ = first.Close()
			eventually(t, "the first has left", func() bool { seated, _ := r.board.count(); return seated == 0 })
			second := r.seated()
			for range 20 {
				if outlet.Deliver(&engine.Entry{Kind: engine.KindMessageNew, Seq: 1, Body: engine.BodyOf(secret)}) {
					t.Fatal("an outlet that has left takes an entry")
				}
			}
			late.Wait()
			second.text(marker)
			for {
				opcode, payload := second.frame()
				if strings.Contains(string(payload), secret) {
					foreign++
				}
				if opcode == 0 || strings.Contains(string(payload), `"id":"marker"`) {
					break
				}
			}
			_ = second.Close()
			eventually(t, "the second has left", func() bool { seated, _ := r.board.count(); return seated == 0 })
		}
		if foreign != 0 {
			t.Errorf("foreign frames: got %d of 200, want 0", foreign)
		}
	})
}

func TestNaiveHandlerLeaks(t *testing.T) {
	program := filepath.Join(t.TempDir(), "naive")
	// Without the race detector, which would stop the program at the fault it is to show.
	if out, err := exec.Command("go", "build", "-race=false", "-buildvcs=false", "-o", program, "./testdata/naive").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	out, err := exec.Command(program).Output()
	if err != nil {
		t.Fatal(err)
	}
	var foreign, panics, failed int
	if _, err := fmt.Sscanf(string(out), "foreign=%d panics=%d errors=%d", &foreign, &panics, &failed); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("a naive handler: %d foreign frames, %d panics and %d errors in 200 trials", foreign, panics, failed)
	if foreign == 0 {
		t.Error("the naive handler leaked nothing: the test above proves nothing")
	}
}
