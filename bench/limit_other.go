//go:build !linux

package bench

import "context"

func limit(context.Context, LimitOptions) (*LimitResult, error) { return nil, ErrLimitUnsupported }
