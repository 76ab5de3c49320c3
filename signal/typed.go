package signal

import (
	"context"
	"errors"
)

// Handle sets the handler of an event of one argument and one answer of certain
// types, as [Socket.On] does. The argument is read as by [sio.Args.Decode]; it is
// the zero value if the event has none, and what does not fit is refused with
// the code "bad_request".
func Handle[T, R any](s *Socket, event string, h func(ctx context.Context, arg T) (R, error)) {
	s.On(event, func(ctx context.Context, args Args) ([]any, error) {
		var arg T
		if err := args.Decode(0, &arg); err != nil && !errors.Is(err, ErrNoArgument) {
			return nil, errBadRequest
		}
		answer, err := h(ctx, arg)
		if err != nil {
			return nil, err
		}
		return []any{answer}, nil
	})
}
