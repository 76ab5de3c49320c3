package plane

import "github.com/switchyard-rtc/switchyard/sfu/internal/layer"

// EventKind tells what happened.
type EventKind uint8

// Kinds of events.
const (
	// EventSilent: nothing authenticated came from the transport for 4 s.
	EventSilent EventKind = iota + 1
	// EventHeard: a silent transport was heard again.
	EventHeard
	// EventLevel: the audio level of a publication changed.
	EventLevel
	// EventKeyFrame: a mirror needs a key frame of the publication.
	EventKeyFrame
	// EventDemand: other encodings of the publication are wanted than before.
	EventDemand
	// EventOffer: what comes of the publication changed; at most once a second.
	EventOffer
	// EventLayer: other layers are sent in the slot than before.
	EventLayer
	// EventShown: a slot that follows a rule shows another publication, or none.
	EventShown
	// EventSpeakers: who is heard in a group changed.
	EventSpeakers
	// EventFeedback: there is RTCP for who sends a publication as plain RTP.
	EventFeedback
	// EventFailed: handling the transport panicked, or that of a publication of
	// another core, whose transport is not told then; it is removed here.
	EventFailed
)

// Event is news for the control plane. Fields that the kind does not name are
// zero.
type Event struct {
	Kind      EventKind
	Transport ID
	// Publication is of EventLevel, EventKeyFrame, EventDemand, EventOffer,
	// EventLayer, EventShown, EventFeedback and EventFailed.
	Publication ID
	Level       uint8         // of EventLevel, in -dBov (RFC 6464): 127 is silence
	Speaking    bool          // of EventLevel
	Encoding    int           // of EventKeyFrame
	Urgent      bool          // of EventKeyFrame: see AskKeyFrame
	Encodings   uint8         // of EventDemand: a bit for each that is wanted
	Slot        ID            // of EventLayer and EventShown
	Shown       Shown         // of EventLayer
	Ladder      *layer.Ladder // of EventOffer
	Group       ID            // of EventSpeakers
	Feedback    *Feedback     // of EventFeedback
	Speakers    []Speaker     // of EventSpeakers, loudest first; not changed any more
}
