package admin

import (
	"context"
	"slices"

	"github.com/switchyard-rtc/switchyard/room"
)

// Publication is what a member sends.
type Publication struct {
	ID     string  `json:"id"`
	Member string  `json:"member"`
	Kind   string  `json:"kind" enum:"audio,video"`
	Source string  `json:"source"`
	Name   string  `json:"name,omitempty"`
	Muted  bool    `json:"muted"`
	Codec  string  `json:"codec"`
	Layers []Layer `json:"layers" nullable:"false" doc:"of video, lowest first"`
}

// Layer is one of what comes of a video publication.
type Layer struct {
	RID       string  `json:"rid,omitempty" doc:"of the encoding"`
	Spatial   int     `json:"spatial"`
	Width     int     `json:"width,omitempty"`
	Height    int     `json:"height,omitempty"`
	Bitrate   int64   `json:"bitrate" doc:"bit/s that came lately, with the layers below"`
	FrameRate float64 `json:"frame_rate"`
}

// Publications is a list of publications.
type Publications struct {
	Publications []Publication `json:"publications" nullable:"false" doc:"oldest first"`
}

type publicationPath struct {
	Room        string `path:"room" maxLength:"64"`
	Publication string `path:"publication" maxLength:"64"`
}

type publicationsOutput struct{ Body Publications }

type publicationOutput struct{ Body Publication }

func (a *api) addPublications() {
	add(a, operation{"list-publications", table.ListPublications, 0}, a.listPublications)
	add(a, operation{"show-publication", table.ShowPublication, 0}, a.showPublication)
}

func (a *api) listPublications(_ context.Context, in *roomPath) (*publicationsOutput, error) {
	r, err := a.room(in.Room)
	if err != nil {
		return nil, err
	}
	d, _ := r.Describe()
	return &publicationsOutput{Publications{Publications: publications(r, d)}}, nil
}

func (a *api) showPublication(ctx context.Context, in *publicationPath) (*publicationOutput, error) {
	all, err := a.listPublications(ctx, &roomPath{in.Room})
	if err != nil {
		return nil, err
	}
	list := all.Body.Publications
	i := slices.IndexFunc(list, func(p Publication) bool { return p.ID == in.Publication })
	if i < 0 {
		return nil, room.ErrNoPublication
	}
	return &publicationOutput{list[i]}, nil
}

func publications(r *room.Room, d room.Description) []Publication {
	media := make(map[string]*room.Publication)
	for p := range r.Publications() {
		media[p.ID()] = p
	}
	list := []Publication{}
	for _, p := range d.Publications {
		x := Publication{
			ID: p.ID, Member: p.Member, Kind: p.Kind, Source: string(p.Source), Name: p.Name, Muted: p.Muted, Codec: p.Codec,
			Layers: []Layer{},
		}
		if m := media[p.ID]; m != nil {
			for _, l := range m.Media().Layers() {
				x.Layers = append(x.Layers, Layer{
					RID: l.RID, Spatial: int(l.Spatial), Width: l.Width, Height: l.Height, Bitrate: int64(l.Bitrate), FrameRate: l.FrameRate,
				})
			}
		}
		list = append(list, x)
	}
	return list
}
