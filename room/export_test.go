package room

import "time"

// CheckLasts sets how long a check may take.
func (s *Server) CheckLasts(d time.Duration) { s.checkLasts = d }
