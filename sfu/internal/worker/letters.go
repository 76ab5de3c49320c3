package worker

// mostLetters is how many letters wait for workers whose mailbox is full. Later
// ones are dropped; what they say is said again.
const mostLetters = 1024

// post gives other workers the letters of the plane, in order.
func (w *Worker) post() {
	w.letters = w.plane.Letters(w.letters)
	kept := w.letters[:0]
	for _, l := range w.letters {
		if !w.all[l.To].TryPost(l.Command) && len(kept) < mostLetters {
			kept = append(kept, l)
		}
	}
	clear(w.letters[len(kept):])
	w.letters = kept
}
