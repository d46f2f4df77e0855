package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

// A track begins at this sequence number, and the one that takes its place so much later, which no track here reaches.
const (
	firstNumber = 1000
	swapAhead   = 20000
)

// inbound is what has come back of one kind.
type inbound struct {
	Kind            string `json:"kind"`
	Codec           string `json:"codec"`
	PacketsReceived uint64 `json:"packetsReceived"`
	PacketsLost     int64  `json:"packetsLost"`
	Duplicates      uint64 `json:"duplicates"`
	Retransmitted   uint64 `json:"retransmittedPacketsReceived"`
	FramesDecoded   uint64 `json:"framesDecoded"`
	Corrupt         uint64 `json:"corrupt"`

	first, highest, next int64
	waiting              map[int64]*rtp.Packet
	depacketizer         rtp.Depacketizer
	frame                []byte
}

// outbound is one track that is sent.
type outbound struct {
	Kind       string `json:"kind"`
	FramesSent uint64 `json:"framesSent"`
	PLICount   uint64 `json:"pliCount"`

	sender *webrtc.RTPSender
	codec  string
	// first is the sequence number at which the track began.
	first uint16
	// done ends the frames of the track that is sent.
	done chan struct{}
}

// tracks are those of one connection.
type tracks struct {
	mu       sync.Mutex
	inbound  []*inbound
	outbound map[string]*outbound
}

func (c *connection) serveMedia(r *request) (fields, error) {
	switch r.Op {
	case "track":
		return nil, c.addTrack(r)
	case "swap":
		return nil, c.swapTrack(r.Label)
	case "untrack":
		return nil, c.removeTrack(r.Label)
	case "stop":
		return nil, c.stopTrack(r.Label)
	}
	c.tracks.mu.Lock()
	defer c.tracks.mu.Unlock()
	sent := []outbound{}
	for _, one := range c.tracks.outbound {
		sent = append(sent, *one)
	}
	came := []inbound{}
	for _, one := range c.tracks.inbound {
		came = append(came, *one)
	}
	return fields{"inbound": came, "outbound": sent, "remoteInbound": []int{}}, nil
}

func (c *connection) addTrack(r *request) error {
	codec := webrtc.MimeTypeVP8
	if r.Kind == "audio" {
		codec = webrtc.MimeTypeOpus
	}
	if len(r.Codecs) > 0 {
		codec = r.Kind + "/" + r.Codecs[0]
	}
	track, err := newTrack(codec, r.Label, firstNumber)
	if err != nil {
		return err
	}
	sender, err := c.pc.AddTrack(track)
	if err != nil {
		return err
	}
	one := &outbound{Kind: r.Kind, sender: sender, codec: codec, first: firstNumber, done: make(chan struct{})}
	c.tracks.mu.Lock()
	c.tracks.outbound[r.Label] = one
	c.tracks.mu.Unlock()
	go c.readFeedback(one)
	go c.writeFrames(one, track, one.done)
	return nil
}

func newTrack(codec, label string, first uint16) (*webrtc.TrackLocalStaticSample, error) {
	capability := webrtc.RTPCodecCapability{MimeType: codec}
	if codec == webrtc.MimeTypeG722 {
		// Of G.711 Pion knows the clock rate itself.
		capability.ClockRate = 8000
	}
	return webrtc.NewTrackLocalStaticSample(
		capability, label, "pion", webrtc.WithRTPSequenceNumber(first),
	)
}

// swapTrack puts another track in the place of one, without negotiation.
func (c *connection) swapTrack(label string) error {
	c.tracks.mu.Lock()
	one := c.tracks.outbound[label]
	c.tracks.mu.Unlock()
	if one == nil {
		return fmt.Errorf("no track %q", label)
	}
	// The SSRC stays: by itself the track would begin at a random number, which half of the time SRTP takes for an old one.
	one.first += swapAhead
	track, err := newTrack(one.codec, label+" swapped", one.first)
	if err != nil {
		return err
	}
	close(one.done)
	one.done = make(chan struct{})
	if err := one.sender.ReplaceTrack(track); err != nil {
		return err
	}
	go c.writeFrames(one, track, one.done)
	return nil
}

func (c *connection) removeTrack(label string) error {
	one, err := c.endTrack(label)
	if err != nil {
		return err
	}
	return c.pc.RemoveTrack(one.sender)
}

// stopTrack stops the transceiver that sends a track, for good.
func (c *connection) stopTrack(label string) error {
	one, err := c.endTrack(label)
	if err != nil {
		return err
	}
	for _, transceiver := range c.pc.GetTransceivers() {
		if transceiver.Sender() == one.sender {
			return transceiver.Stop()
		}
	}
	return fmt.Errorf("no transceiver sends %q", label)
}

func (c *connection) endTrack(label string) (*outbound, error) {
	c.tracks.mu.Lock()
	defer c.tracks.mu.Unlock()
	one := c.tracks.outbound[label]
	if one == nil {
		return nil, fmt.Errorf("no track %q", label)
	}
	delete(c.tracks.outbound, label)
	close(one.done)
	return one, nil
}

// writeFrames sends a frame each period until its track is gone or the connection closed.
func (c *connection) writeFrames(one *outbound, track *webrtc.TrackLocalStaticSample, done <-chan struct{}) {
	period, size := 33*time.Millisecond, videoFrame
	if one.Kind == "audio" {
		period, size = 20*time.Millisecond, audioFrame
	}
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for number := uint32(0); ; number++ {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		if c.pc.ConnectionState() == webrtc.PeerConnectionStateClosed {
			return
		}
		frame := makeFrame(one.codec, number, size)
		if track.WriteSample(media.Sample{Data: frame, Duration: period}) == nil {
			c.tracks.mu.Lock()
			one.FramesSent++
			c.tracks.mu.Unlock()
		}
	}
}

// readFeedback lets the interceptors work, and counts requests for key frames.
func (c *connection) readFeedback(one *outbound) {
	for {
		packets, _, err := one.sender.ReadRTCP()
		if err != nil {
			return
		}
		c.tracks.mu.Lock()
		for _, packet := range packets {
			if _, ok := packet.(*rtcp.PictureLossIndication); ok {
				one.PLICount++
			}
		}
		c.tracks.mu.Unlock()
	}
}

// onTrack takes what comes back apart and compares each frame with what it says of itself.
func (c *connection) onTrack(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	one := &inbound{
		Kind: track.Kind().String(), Codec: track.Codec().MimeType, first: -1, waiting: map[int64]*rtp.Packet{},
		depacketizer: depacketizer(track.Codec().MimeType),
	}
	c.tracks.mu.Lock()
	c.tracks.inbound = append(c.tracks.inbound, one)
	c.tracks.mu.Unlock()
	c.event(fields{"ev": "track", "kind": one.Kind})
	for {
		packet, attributes, err := track.ReadRTP()
		if err != nil {
			return
		}
		c.tracks.mu.Lock()
		if attributes.Get(webrtc.AttributeRtxSsrc) != nil {
			one.Retransmitted++
		}
		one.take(packet)
		c.tracks.mu.Unlock()
	}
}

// take counts one packet and hands on what is complete up to here. What does not come before so many others is given up.
func (in *inbound) take(packet *rtp.Packet) {
	number := int64(packet.SequenceNumber)
	if in.first < 0 {
		in.first, in.highest, in.next = number, number, number
	}
	number = in.highest + int64(int16(packet.SequenceNumber-uint16(in.highest)))
	if _, known := in.waiting[number]; known || number < in.next {
		in.Duplicates++
		return
	}
	in.PacketsReceived++
	in.highest = max(in.highest, number)
	in.PacketsLost = in.highest - in.first + 1 - int64(in.PacketsReceived)
	in.waiting[number] = packet
	patience := int64(256)
	if in.Kind == "audio" {
		patience = 8
	}
	for len(in.waiting) > 0 {
		packet, known := in.waiting[in.next]
		switch {
		case known:
			delete(in.waiting, in.next)
			in.read(packet)
		case in.highest-in.next < patience:
			return
		default:
			in.frame = nil
		}
		in.next++
	}
}

// read takes the next packet of the stream apart.
func (in *inbound) read(packet *rtp.Packet) {
	frame := packet.Payload
	if in.depacketizer != nil {
		if in.depacketizer.IsPartitionHead(packet.Payload) {
			in.frame = []byte{}
		}
		payload, err := in.depacketizer.Unmarshal(packet.Payload)
		if err != nil || in.frame == nil {
			in.frame = nil
			return
		}
		in.frame = append(in.frame, payload...)
		if !packet.Marker {
			return
		}
		frame, in.frame = in.frame, nil
	}
	if intact(in.Codec, frame) {
		in.FramesDecoded++
	} else {
		in.Corrupt++
	}
}
