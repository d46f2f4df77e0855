package main

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

// A frame of ours says which one it is, how long it is and what its bytes hash to, so that whoever gets it back can tell.
const (
	videoFrame = 3000
	audioFrame = 100
	frameHead  = 16
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
	frame                []byte
}

// outbound is one track that is sent.
type outbound struct {
	Kind       string `json:"kind"`
	FramesSent uint64 `json:"framesSent"`
	PLICount   uint64 `json:"pliCount"`

	sender *webrtc.RTPSender
	done   chan struct{}
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
	case "untrack":
		return nil, c.removeTrack(r.Label)
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
	mime, period, size := webrtc.MimeTypeVP8, 33*time.Millisecond, videoFrame
	if r.Kind == "audio" {
		mime, period, size = webrtc.MimeTypeOpus, 20*time.Millisecond, audioFrame
	}
	if len(r.Codecs) > 0 {
		mime = r.Kind + "/" + r.Codecs[0]
	}
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime}, r.Label, "pion")
	if err != nil {
		return err
	}
	sender, err := c.pc.AddTrack(track)
	if err != nil {
		return err
	}
	one := &outbound{Kind: r.Kind, sender: sender, done: make(chan struct{})}
	c.tracks.mu.Lock()
	c.tracks.outbound[r.Label] = one
	c.tracks.mu.Unlock()
	go c.readFeedback(one)
	go c.writeFrames(one, track, period, size)
	return nil
}

func (c *connection) removeTrack(label string) error {
	c.tracks.mu.Lock()
	one := c.tracks.outbound[label]
	delete(c.tracks.outbound, label)
	c.tracks.mu.Unlock()
	if one == nil {
		return fmt.Errorf("no track %q", label)
	}
	close(one.done)
	return c.pc.RemoveTrack(one.sender)
}

// writeFrames sends a frame each period until the track is removed or the connection closed.
func (c *connection) writeFrames(one *outbound, track *webrtc.TrackLocalStaticSample, period time.Duration, size int) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for number := uint32(0); ; number++ {
		select {
		case <-one.done:
			return
		case <-ticker.C:
		}
		if c.pc.ConnectionState() == webrtc.PeerConnectionStateClosed {
			return
		}
		if track.WriteSample(media.Sample{Data: makeFrame(number, size), Duration: period}) == nil {
			c.tracks.mu.Lock()
			one.FramesSent++
			c.tracks.mu.Unlock()
		}
	}
}

// makeFrame begins with a byte that VP8 takes for a key frame.
func makeFrame(number uint32, size int) []byte {
	frame := make([]byte, size)
	for i := frameHead; i < size; i++ {
		frame[i] = byte(number) + byte(i)
	}
	frame[0] = 0x10
	binary.BigEndian.PutUint32(frame[4:], number)
	binary.BigEndian.PutUint32(frame[8:], uint32(size))
	binary.BigEndian.PutUint32(frame[12:], sum(frame))
	return frame
}

func sum(frame []byte) uint32 {
	hash := fnv.New32a()
	_, _ = hash.Write(frame[:12])
	_, _ = hash.Write(frame[frameHead:])
	return hash.Sum32()
}

func intact(frame []byte) bool {
	return len(frame) >= frameHead && int(binary.BigEndian.Uint32(frame[8:])) == len(frame) &&
		binary.BigEndian.Uint32(frame[12:]) == sum(frame)
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
	payload := packet.Payload
	if strings.EqualFold(in.Codec, webrtc.MimeTypeVP8) {
		if len(payload) < 2 || payload[0]&0x80 != 0 && len(payload) < 5 {
			return
		}
		start := payload[0]&0x10 != 0
		payload = payload[vp8Descriptor(payload):]
		if start {
			in.frame = []byte{}
		}
		if in.frame == nil {
			return
		}
		in.frame = append(in.frame, payload...)
		if !packet.Marker {
			return
		}
		payload = in.frame
		in.frame = nil
	}
	if intact(payload) {
		in.FramesDecoded++
	} else {
		in.Corrupt++
	}
}

// vp8Descriptor is the length of the payload descriptor that Pion writes: with a picture id or without.
func vp8Descriptor(payload []byte) int {
	if payload[0]&0x80 == 0 {
		return 1
	}
	if payload[1]&0x80 == 0 {
		return 2
	}
	if payload[2]&0x80 == 0 {
		return 3
	}
	return 4
}
