package signal_test

import (
	"testing"

	"github.com/switchyard-rtc/switchyard/signal"
	"github.com/switchyard-rtc/switchyard/signal/adaptertest"
)

func TestMemory(t *testing.T) { adaptertest.Run(t, signal.Memory) }
