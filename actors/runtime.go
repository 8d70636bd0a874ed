package actors

import (
	"fmt"
	"log/slog"
	goruntime "runtime"

	"github.com/asynkron/protoactor-go/actor"
)

// runtime is the one place that knows Proto.Actor's system.
type runtime struct {
	system  *actor.ActorSystem
	root    *actor.RootContext
	props   *actor.Props
	logger  *slog.Logger
	metrics *metrics
}

func newRuntime(logger *slog.Logger, m *metrics) *runtime {
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return logger.With(slog.String("part", "protoactor"))
	}))
	// Last resort only: process.Receive recovers by itself.
	stop := actor.NewOneForOneStrategy(0, 0, func(any) actor.Directive { return actor.StopDirective })
	rt := &runtime{system: system, root: system.Root.WithGuardian(stop), logger: logger, metrics: m}
	rt.props = actor.PropsFromProducer(func() actor.Actor { return &process{} }, actor.WithMailbox(actor.UnboundedLockfree()))
	system.EventStream.SubscribeWithPredicate(
		func(any) { m.deadLetters.Inc() },
		func(event any) bool { _, ok := event.(*actor.DeadLetterEvent); return ok },
	)
	return rt
}

func (rt *runtime) spawn() *actor.PID { return rt.root.Spawn(rt.props) }

// safely makes a call that may panic, on behalf of an actor that already has.
func (rt *runtime) safely(c *cell, call func()) {
	defer func() {
		if cause := recover(); cause != nil {
			rt.panicked(c, cause)
		}
	}()
	call()
}

// panicked counts a panic and logs it by type: its value could hold anything.
func (rt *runtime) panicked(c *cell, cause any) {
	rt.metrics.panics.Inc()
	text := fmt.Sprintf("%T", cause)
	if err, ok := cause.(goruntime.Error); ok { // the language's own, which hold types and numbers only
		text += ": " + err.Error()
	}
	rt.logger.Error("an actor panicked; it restarts from its log", "actor", c.name, "cause", text)
}
