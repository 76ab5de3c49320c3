package pionpc

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// loggers gives pion's parts loggers that write to slog at debug level: what
// they warn of is what a peer did.
type loggers struct{ log *slog.Logger }

// NewLogger returns the logger of one part.
func (l loggers) NewLogger(scope string) logging.LeveledLogger {
	return logger{l.log.With("scope", scope)}
}

func quiet(log *slog.Logger) logging.LeveledLogger { return loggers{log}.NewLogger("ice") }

type logger struct{ log *slog.Logger }

func (l logger) write(format string, args []any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug("pion", "said", fmt.Sprintf(format, args...))
	}
}

func (l logger) Trace(string)             {}
func (l logger) Tracef(string, ...any)    {}
func (l logger) Debug(string)             {}
func (l logger) Debugf(string, ...any)    {}
func (l logger) Info(s string)            { l.write("%s", []any{s}) }
func (l logger) Infof(s string, a ...any) { l.write(s, a) }
func (l logger) Warn(s string)            { l.write("%s", []any{s}) }
func (l logger) Warnf(s string, a ...any) { l.write(s, a) }
func (l logger) Error(s string)           { l.write("%s", []any{s}) }

func (l logger) Errorf(s string, a ...any) { l.write(s, a) }
