package room

// The payloads of events beside the chat, as they stand on the wire.

type handArg struct {
	Up *bool `json:"up"`
}

type reactArg struct {
	Emoji string `json:"emoji"`
}

type reactEvent struct {
	ID     string `json:"id"`
	TS     int64  `json:"ts"`
	Sender string `json:"sender"`
	Emoji  string `json:"emoji"`
}

type setArg struct {
	Name  *string           `json:"name"`
	Attrs map[string]string `json:"attrs"` // an empty text removes one
}

type captionArg struct {
	Text  string `json:"text"`
	Final bool   `json:"final"` // the words will not change any more
	Lang  string `json:"lang"`  // BCP 47; may be empty
}

type captionAck struct {
	OK bool   `json:"ok"`
	ID string `json:"id"`
	TS int64  `json:"ts"`
}

type captionEvent struct {
	ID     string `json:"id"` // the same until it is final
	TS     int64  `json:"ts"`
	Sender string `json:"sender"`
	Text   string `json:"text"`
	Final  bool   `json:"final"`
	Lang   string `json:"lang"`
}

type pollArg struct {
	Op       string   `json:"op"` // "open", "vote" or "close"
	ID       string   `json:"id"`
	Question string   `json:"question"`
	Choices  []string `json:"choices"`
	Choice   *int     `json:"choice"` // place in the choices
	Secret   bool     `json:"secret"`
}

type pollAck struct {
	OK bool   `json:"ok"`
	ID string `json:"id"`
}

type vote struct {
	Member string `json:"member"`
	Choice int    `json:"choice"`
}

type pollEvent struct {
	ID       string   `json:"id"`
	TS       int64    `json:"ts"`
	By       string   `json:"by"`
	Question string   `json:"question"`
	Choices  []string `json:"choices"`
	Counts   []int    `json:"counts"`
	Secret   bool     `json:"secret"`
	Closed   bool     `json:"closed"`
	Votes    []vote   `json:"votes,omitempty"`  // not of a secret one, and not of many
	Choice   *int     `json:"choice,omitempty"` // one's own vote; in snapshots only
}

type quality struct {
	Member string `json:"member"`
	Q      int    `json:"q"` // 3 is good, 0 is lost
	Why    string `json:"why,omitempty"`
}

type qualityEvent struct {
	List []quality `json:"list"`
}
