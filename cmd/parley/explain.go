package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/parleyhq/parley/engine"
)

// explainCmd asks a running server, over REST, how a chat found its operator, or
// why somebody was not chosen.
type explainCmd struct {
	URL      string        `name:"url" help:"The server's admin address, such as http://127.0.0.1:8081." placeholder:"URL" required:""`
	Token    string        `help:"A token of role admin; better in the environment than on the command line." placeholder:"TOKEN" required:""`
	Tenant   string        `help:"The tenant's id." placeholder:"ID" required:""`
	Session  string        `help:"The session's id." placeholder:"ID" required:""`
	Operator string        `help:"Why not this operator? Without it, the decisions themselves." placeholder:"ID"`
	Decision uint64        `help:"Only the decision of this seq; 0 means all." default:"0"`
	Timeout  time.Duration `help:"How long an answer may take." default:"10s"`
}

const maxExplained = 16 << 20

// decisionSaid is a decision as the REST interface tells it.
type decisionSaid struct {
	Seq      uint64          `json:"seq"`
	At       time.Time       `json:"at"`
	Operator string          `json:"operator"`
	Cause    string          `json:"cause"`
	Direct   bool            `json:"direct"`
	Accepted bool            `json:"accepted"`
	Ended    string          `json:"ended"`
	Decision engine.Decision `json:"decision"`
}

// Run prints one line per decision, oldest first, and what else speaks for it.
func (c *explainCmd) Run(ctx context.Context, out streams) error {
	base, err := url.Parse(c.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return wrongUsage("--url: want an address that begins with http:// or https://")
	}
	if _, err := engine.ParseSessionID(c.Session); err != nil {
		return wrongUsage("--session: want an id of 26 characters")
	}
	path := "/v1/tenants/" + url.PathEscape(c.Tenant) + "/sessions/" + c.Session + "/decisions"
	var all struct {
		Decisions []decisionSaid `json:"decisions"`
	}
	if err := c.get(ctx, base, path, &all); err != nil {
		return err
	}
	told := 0
	for i := range all.Decisions {
		d := &all.Decisions[i]
		if c.Decision != 0 && c.Decision != d.Seq {
			continue
		}
		told++
		d.tell(out.out)
		if c.Operator == "" {
			continue
		}
		if err := c.whyNot(ctx, out.out, base, path, d.Seq); err != nil {
			return err
		}
	}
	switch {
	case told == 0 && c.Decision != 0:
		return fmt.Errorf("the session has no decision of seq %d", c.Decision)
	case told == 0:
		fmt.Fprintln(out.out, "no decisions yet: it was offered to nobody")
	}
	return nil
}

// whyNot prints why the operator was not chosen in one decision.
func (c *explainCmd) whyNot(ctx context.Context, out io.Writer, base *url.URL, path string, seq uint64) error {
	var why struct {
		Reason string            `json:"reason"`
		Then   *engine.Candidate `json:"then"`
	}
	path += "/" + strconv.FormatUint(seq, 10) + "/operators/" + url.PathEscape(c.Operator)
	if err := c.get(ctx, base, path, &why); err != nil {
		return err
	}
	fmt.Fprintf(out, "  %s: %s", c.Operator, why.Reason)
	if why.Then != nil {
		fmt.Fprintf(out, " (%s)", candidate(why.Then))
	}
	fmt.Fprintln(out)
	return nil
}

// get reads one answer. What is wrong is told by its code: no token, no text.
func (c *explainCmd) get(ctx context.Context, base *url.URL, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base.String(), "/")+path, nil)
	if err != nil {
		return wrongUsage("--url: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }} // the token is for this host
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	defer response.Body.Close()
	body := json.NewDecoder(io.LimitReader(response.Body, maxExplained))
	if response.StatusCode != http.StatusOK {
		var problem struct {
			Code string `json:"code"`
		}
		_ = body.Decode(&problem) // without a code the status says enough
		return fmt.Errorf("the server refuses: %d %s", response.StatusCode, problem.Code)
	}
	if err := body.Decode(into); err != nil {
		return fmt.Errorf("the server's answer is not JSON: %w", err)
	}
	return nil
}

func (d *decisionSaid) tell(out io.Writer) {
	outcome := "stands"
	switch {
	case d.Direct:
		outcome = "assigned at once"
	case d.Accepted:
		outcome = "accepted"
	case d.Ended != "":
		outcome = "ended: " + d.Ended
	}
	why := &d.Decision
	fmt.Fprintf(out, "%d  %s  %s (%s), %s\n", d.Seq, d.At.UTC().Format(time.RFC3339), d.Operator, d.Cause, outcome)
	fmt.Fprintf(out, "  %s, %s by %s; step %d, waited %s, position %d, %d eligible\n",
		why.Department, why.Strategy, why.Rule, why.Step, time.Duration(why.Waited)*time.Millisecond, why.Position, why.Eligible)
	fmt.Fprintf(out, "  chosen %s: %s\n", why.Winner.Operator, candidate(&why.Winner))
	for i := range why.Next {
		fmt.Fprintf(out, "  then %s: %s\n", why.Next[i].Operator, candidate(&why.Next[i]))
	}
	if rest, err := json.Marshal(why.Rest); err == nil && string(rest) != "{}" {
		fmt.Fprintf(out, "  not eligible: %s\n", strings.NewReplacer("{", "", "}", "", `"`, "", ":", " ", ",", ", ").Replace(string(rest)))
	}
}

// candidate is what the router saw of an operator; loads in chats.
func candidate(c *engine.Candidate) string {
	return fmt.Sprintf("%s, fit %d, load %.3g of %.3g, %d open", c.Tier, c.Fit, float64(c.Used)/engine.DefaultWeight, float64(c.Capacity)/engine.DefaultWeight, c.Open)
}
