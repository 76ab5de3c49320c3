//go:build !long

package signal

import "time"

// stormTime is how long the storm of TestChaos lasts.
const stormTime = 5 * time.Second
