package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// What a burst may have buffered before it waits, and when it goes on.
const (
	bufferHigh = 1 << 20
	bufferLow  = 512 << 10
)

// connection is one RTCPeerConnection of the matcher's and its channels.
type connection struct {
	peer *peer
	name string
	pc   *webrtc.PeerConnection

	tracks tracks

	mu       sync.Mutex
	channels map[string]*webrtc.DataChannel
	checkers map[string]*checker
}

func newConnection(p *peer, name string, pc *webrtc.PeerConnection) *connection {
	c := &connection{
		peer: p, name: name, pc: pc,
		channels: map[string]*webrtc.DataChannel{}, checkers: map[string]*checker{},
		tracks: tracks{outbound: map[string]*outbound{}},
	}
	pc.OnTrack(c.onTrack)
	pc.OnICECandidate(c.onCandidate)
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) { c.state("connection", s.String()) })
	pc.OnICEConnectionStateChange(func(s webrtc.ICEConnectionState) { c.state("ice", s.String()) })
	pc.OnSignalingStateChange(func(s webrtc.SignalingState) { c.state("signaling", s.String()) })
	pc.OnDataChannel(func(channel *webrtc.DataChannel) {
		c.event(describe("channel", channel))
		c.adopt(channel)
	})
	return c
}

func (c *connection) event(object fields) {
	object["pc"] = c.name
	c.peer.write(object)
}

func (c *connection) state(kind, state string) {
	c.event(fields{"ev": "state", "kind": kind, "state": state})
}

func (c *connection) onCandidate(candidate *webrtc.ICECandidate) {
	if candidate == nil {
		c.event(fields{"ev": "candidate", "candidate": ""})
		return
	}
	init := candidate.ToJSON()
	c.event(fields{
		"ev": "candidate", "candidate": init.Candidate, "sdpMid": init.SDPMid, "sdpMLineIndex": init.SDPMLineIndex,
	})
}

func describe(event string, channel *webrtc.DataChannel) fields {
	return fields{
		"ev": event, "label": channel.Label(), "ordered": channel.Ordered(), "protocol": channel.Protocol(),
		"maxRetransmits": channel.MaxRetransmits(), "maxPacketLifeTime": channel.MaxPacketLifeTime(),
		"negotiated": channel.Negotiated(), "stream": channel.ID(),
	}
}

func (c *connection) adopt(channel *webrtc.DataChannel) {
	label := channel.Label()
	c.mu.Lock()
	c.channels[label] = channel
	c.mu.Unlock()
	channel.OnOpen(func() { c.event(describe("open", channel)) })
	channel.OnClose(func() { c.event(fields{"ev": "closed", "label": label}) })
	channel.OnMessage(func(m webrtc.DataChannelMessage) { c.onMessage(label, m) })
}

func (c *connection) onMessage(label string, m webrtc.DataChannelMessage) {
	c.mu.Lock()
	check := c.checkers[label]
	c.mu.Unlock()
	if check == nil {
		object := fields{"ev": "message", "label": label}
		if m.IsString {
			object["text"] = string(m.Data[:min(len(m.Data), 4096)])
		} else {
			object["hex"] = hex.EncodeToString(m.Data[:min(len(m.Data), 4096)])
		}
		c.event(object)
		return
	}
	c.mu.Lock()
	check.receive(m.Data, m.IsString)
	done := check.complete() && !check.reported
	check.reported = check.reported || done
	object := check.verdict()
	c.mu.Unlock()
	if done {
		object["ev"], object["label"] = "verified", label
		c.event(object)
	}
}

func (c *connection) serve(r *request) (fields, error) {
	switch r.Op {
	case "offer", "restart":
		return c.offer(r.Op == "restart")
	case "answer":
		return c.answer(r.SDP)
	case "accept":
		return nil, c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: r.SDP})
	case "candidate":
		init := webrtc.ICECandidateInit{Candidate: r.Candidate, SDPMid: r.SDPMid, SDPMLineIndex: r.SDPMLineIndex}
		return nil, c.pc.AddICECandidate(init)
	case "channel":
		return nil, c.open(r)
	case "track", "untrack", "stop", "swap", "media":
		return c.serveMedia(r)
	case "stats":
		return c.stats(), nil
	case "close":
		if r.Label == "" {
			return nil, c.pc.Close()
		}
	}
	return c.serveChannel(r)
}

func (c *connection) serveChannel(r *request) (fields, error) {
	c.mu.Lock()
	channel, check := c.channels[r.Label], c.checkers[r.Label]
	c.mu.Unlock()
	if r.Op == "expect" {
		fresh := newChecker(pattern{r.Seed, r.Count, r.Max}, r.ordered(), r.Lossy)
		c.mu.Lock()
		c.checkers[r.Label] = fresh
		c.mu.Unlock()
		return nil, nil
	}
	if channel == nil {
		return nil, fmt.Errorf("no channel %q", r.Label)
	}
	switch r.Op {
	case "send":
		return nil, send(channel, r)
	case "burst":
		return burst(channel, pattern{r.Seed, r.Count, r.Max}, time.Duration(r.GapMs)*time.Millisecond)
	case "verdict":
		if check == nil {
			return nil, errors.New("nothing is expected there")
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		return check.verdict(), nil
	case "close":
		return nil, channel.Close()
	}
	return nil, fmt.Errorf("no operation %q", r.Op)
}

func (c *connection) offer(restart bool) (fields, error) {
	offer, err := c.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	if err != nil {
		return nil, err
	}
	return fields{"sdp": offer.SDP}, c.pc.SetLocalDescription(offer)
}

func (c *connection) answer(sdp string) (fields, error) {
	err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp})
	if err != nil {
		return nil, err
	}
	answer, err := c.pc.CreateAnswer(nil)
	if err != nil {
		return nil, err
	}
	return fields{"sdp": answer.SDP}, c.pc.SetLocalDescription(answer)
}

func (c *connection) open(r *request) error {
	init := &webrtc.DataChannelInit{
		Ordered: r.Ordered, MaxRetransmits: r.MaxRetransmits, MaxPacketLifeTime: r.MaxPacketLifeTime,
		Protocol: &r.Protocol,
	}
	if r.Negotiated != nil {
		negotiated := true
		init.Negotiated, init.ID = &negotiated, r.Negotiated
	}
	channel, err := c.pc.CreateDataChannel(r.Label, init)
	if err == nil {
		c.adopt(channel)
	}
	return err
}

func send(channel *webrtc.DataChannel, r *request) error {
	if r.Text != nil {
		return channel.SendText(*r.Text)
	}
	if r.Hex == nil {
		return errors.New("neither text nor hex")
	}
	data, err := hex.DecodeString(*r.Hex)
	if err != nil {
		return err
	}
	return channel.Send(data)
}

func burst(channel *webrtc.DataChannel, p pattern, gap time.Duration) (fields, error) {
	room := flowControl(channel)
	bytes := 0
	for index := range p.count {
		data, text := p.message(index)
		var err error
		if text {
			err = channel.SendText(string(data))
		} else {
			err = channel.Send(data)
		}
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", index, err)
		}
		bytes += len(data)
		if channel.BufferedAmount() > bufferHigh {
			<-room
		}
		if gap > 0 && index%10 == 9 {
			time.Sleep(gap)
		}
	}
	for channel.BufferedAmount() > 0 && channel.ReadyState() == webrtc.DataChannelStateOpen {
		time.Sleep(2 * time.Millisecond)
	}
	return fields{"messages": p.count, "bytes": bytes}, nil
}

// flowControl is the pattern that Pion's data-channels-flow-control example recommends.
func flowControl(channel *webrtc.DataChannel) <-chan struct{} {
	room := make(chan struct{}, 1)
	channel.SetBufferedAmountLowThreshold(bufferLow)
	channel.OnBufferedAmountLow(func() {
		select {
		case room <- struct{}{}:
		default:
		}
	})
	return room
}

func (c *connection) stats() fields {
	object := fields{
		"iceState": c.pc.ICEConnectionState().String(), "connectionState": c.pc.ConnectionState().String(),
	}
	if description := c.pc.LocalDescription(); description != nil {
		if _, rest, found := strings.Cut(description.SDP, "a=ice-ufrag:"); found {
			object["localUfrag"] = strings.TrimSpace(strings.SplitN(rest, "\n", 2)[0])
		}
	}
	for _, entry := range c.pc.GetStats() {
		if transport, ok := entry.(webrtc.TransportStats); ok {
			object["bytesSent"], object["bytesReceived"] = transport.BytesSent, transport.BytesReceived
			object["dtlsCipher"] = transport.DTLSCipher
		}
	}
	if sctp := c.pc.SCTP(); sctp != nil {
		if pair, err := sctp.Transport().ICETransport().GetSelectedCandidatePair(); err == nil && pair != nil {
			object["localCandidate"], object["remoteCandidate"] = pair.Local.String(), pair.Remote.String()
		}
	}
	return object
}
