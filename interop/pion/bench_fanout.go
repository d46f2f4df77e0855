package main

import (
	"encoding/json"
	"net"
	"os"
	"runtime"
	"sync/atomic"

	"github.com/pion/webrtc/v4"
)

// recvBuffer is as much as our own endpoint asks for.
const recvBuffer = 7 << 20

// forwarderRequest is what the audience of `cargo xtask bench fan-out` asks for (interop/bench/src/forwarder.rs).
type forwarderRequest struct {
	Op  string `json:"op"`
	SDP string `json:"sdp"`
}

// forwarder gives one publisher's packets to every subscriber, as Pion's broadcast example does: the default
// interceptors, one local track that everybody has. All connections share one UDP port.
type forwarder struct {
	api         *webrtc.API
	track       *webrtc.TrackLocalStaticRTP
	subscribers atomic.Int64
	sent, rtcp  atomic.Int64
}

// forward serves the audience until it leaves.
func forward() {
	runtime.GOMAXPROCS(1)
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(err)
	must(conn.SetReadBuffer(recvBuffer))
	api := newAPI(func(settings *webrtc.SettingEngine) {
		settings.SetICEUDPMux(webrtc.NewICEUDPMux(nil, conn))
		settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	})
	track, err := webrtc.NewTrackLocalStaticRTP(
		webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "forwarded",
	)
	must(err)
	f := &forwarder{api: api, track: track}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var r forwarderRequest
		if in.Decode(&r) != nil {
			return
		}
		switch r.Op {
		case "publish":
			must(out.Encode(fields{"sdp": f.publisher(r.SDP)}))
		case "subscribe":
			must(out.Encode(fields{"sdp": f.subscriber(r.SDP)}))
		case "account":
			must(out.Encode(fields{
				"cpu_us": cpuTime().Microseconds(), "sent": f.sent.Load(), "rtcp": f.rtcp.Load(),
				"rss_kib": statusKiB("VmHWM"),
			}))
		}
	}
}

func (f *forwarder) publisher(offer string) string {
	pc, err := f.api.NewPeerConnection(webrtc.Configuration{})
	must(err)
	pc.OnTrack(func(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		go f.countRTCP(func(b []byte) error { _, _, err := receiver.Read(b); return err })
		buffer := make([]byte, 1500)
		for {
			n, _, err := remote.Read(buffer)
			if err != nil {
				return
			}
			// An error is one subscriber's; the others have got the packet.
			_, _ = f.track.Write(buffer[:n])
			f.sent.Add(f.subscribers.Load())
		}
	})
	return reply(pc, offer)
}

func (f *forwarder) subscriber(offer string) string {
	pc, err := f.api.NewPeerConnection(webrtc.Configuration{})
	must(err)
	must(pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}))
	sender, err := pc.AddTrack(f.track)
	must(err)
	go f.countRTCP(func(b []byte) error { _, _, err := sender.Read(b); return err })
	f.subscribers.Add(1)
	return reply(pc, offer)
}

// countRTCP reads, without which the interceptors see nothing.
func (f *forwarder) countRTCP(read func([]byte) error) {
	buffer := make([]byte, 1500)
	for {
		if read(buffer) != nil {
			return
		}
		f.rtcp.Add(1)
	}
}

// reply answers an offer with all the candidates.
func reply(pc *webrtc.PeerConnection, offer string) string {
	if pc.RemoteDescription() == nil {
		must(pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}))
	}
	answer, err := pc.CreateAnswer(nil)
	must(err)
	return gathered(pc, answer).SDP
}
