package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
)

// fields is a JSON object to write.
type fields map[string]any

// request is a line from the matcher: the union of what the operations take.
type request struct {
	ID                int      `json:"id"`
	Op                string   `json:"op"`
	PC                string   `json:"pc"`
	SDP               string   `json:"sdp"`
	Candidate         string   `json:"candidate"`
	SDPMid            *string  `json:"sdpMid"`
	SDPMLineIndex     *uint16  `json:"sdpMLineIndex"`
	Label             string   `json:"label"`
	Protocol          string   `json:"protocol"`
	Ordered           *bool    `json:"ordered"`
	MaxRetransmits    *uint16  `json:"maxRetransmits"`
	MaxPacketLifeTime *uint16  `json:"maxPacketLifeTime"`
	Negotiated        *uint16  `json:"negotiated"`
	Text              *string  `json:"text"`
	Hex               *string  `json:"hex"`
	Seed              uint32   `json:"seed"`
	Count             uint32   `json:"count"`
	Max               uint32   `json:"max"`
	GapMs             int      `json:"gapMs"`
	Lossy             bool     `json:"lossy"`
	Kind              string   `json:"kind"`
	Codecs            []string `json:"codecs"`
}

func (r *request) ordered() bool { return r.Ordered == nil || *r.Ordered }

// peer serves one matcher.
type peer struct {
	api *webrtc.API

	mu          sync.Mutex
	connections map[string]*connection

	outMu sync.Mutex
	out   *json.Encoder
}

func servePeer(in io.Reader, out io.Writer) {
	p := &peer{api: newAPI(nil), connections: map[string]*connection{}, out: json.NewEncoder(out)}
	p.out.SetEscapeHTML(false)
	lines := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		r := &request{}
		if err := json.Unmarshal(line, r); err != nil {
			p.reply(r, nil, err)
			continue
		}
		// Bursts take long and run beside the rest; everything else keeps the order of the lines.
		if r.Op == "burst" {
			go p.serve(r)
		} else {
			p.serve(r)
		}
	}
}

// newAPI makes peers that are content with loopback; adjust may change the settings further.
func newAPI(adjust func(*webrtc.SettingEngine)) *webrtc.API {
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	if adjust != nil {
		adjust(&settings)
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(settings))
}

func (p *peer) write(object fields) {
	p.outMu.Lock()
	defer p.outMu.Unlock()
	_ = p.out.Encode(object)
}

func (p *peer) reply(r *request, object fields, err error) {
	if object == nil {
		object = fields{}
	}
	object["id"] = r.ID
	object["ok"] = err == nil
	if err != nil {
		object["error"] = err.Error()
	}
	p.write(object)
}

func (p *peer) serve(r *request) {
	switch r.Op {
	case "hello":
		p.reply(r, fields{"name": "pion", "version": "v4.2.20"}, nil)
	case "codecs":
		p.reply(r, fields{"names": []string{"VP8", "VP9", "H264", "AV1"}}, nil)
	case "new":
		p.reply(r, nil, p.create(r.PC))
	case "vanish":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	default:
		p.mu.Lock()
		c := p.connections[r.PC]
		p.mu.Unlock()
		if c == nil {
			p.reply(r, nil, fmt.Errorf("no connection %q", r.PC))
			return
		}
		object, err := c.serve(r)
		p.reply(r, object, err)
	}
}

func (p *peer) create(name string) error {
	pc, err := p.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.connections[name] = newConnection(p, name, pc)
	p.mu.Unlock()
	return nil
}
