package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/pion/webrtc/v4"
)

// options are the flags of all works; each work reads its own.
type options struct {
	size           int
	seconds        float64
	ordered        bool
	maxRetransmits int
	processes      int
	count          int
	concurrent     int
	pairs          int
}

// runBench runs one work and prints its result as one line of JSON.
func runBench(arguments []string) {
	if len(arguments) == 0 {
		fail("usage: pion bench throughput|latency|setup|idle [flags]")
	}
	o := options{}
	set := flag.NewFlagSet("bench", flag.ExitOnError)
	set.IntVar(&o.size, "size", 16384, "bytes a message (throughput)")
	set.Float64Var(&o.seconds, "seconds", 5, "how long to measure (throughput, latency, idle)")
	ordered := set.String("ordered", "true", "true or false (throughput)")
	set.IntVar(&o.maxRetransmits, "max-retransmits", -1, "give up after so many; negative: never (throughput)")
	set.IntVar(&o.processes, "processes", 1, "1 or 2 (throughput)")
	set.IntVar(&o.count, "count", 200, "connections to set up (setup)")
	set.IntVar(&o.concurrent, "concurrent", 1, "how many at a time (setup)")
	set.IntVar(&o.pairs, "pairs", 500, "connected pairs (idle)")
	_ = set.Parse(arguments[1:])
	o.ordered = *ordered != "false"

	works := map[string]func(options) fields{
		"throughput": throughput, "latency": latency, "setup": setup, "idle": idle,
	}
	switch arguments[0] {
	case "receiver":
		receiveForParent()
		return
	case "forward":
		forward()
		return
	}
	work := works[arguments[0]]
	if work == nil {
		fail("no such work: " + arguments[0])
	}
	result := work(o)
	result["work"], result["peer"] = arguments[0], "pion"
	_ = json.NewEncoder(os.Stdout).Encode(result)
}

func must(err error) {
	if err != nil {
		fail(err.Error())
	}
}

// Settings of the benchmarks: as little as possible beside Pion's defaults.
var benchAPI = newAPI(nil)

func newBenchConnection() *webrtc.PeerConnection {
	pc, err := benchAPI.NewPeerConnection(webrtc.Configuration{})
	must(err)
	return pc
}

// connect carries offer, answer and candidates between two connections of this process.
func connect(offerer, answerer *webrtc.PeerConnection) {
	// Candidates that come before the other side has its description wait in these channels.
	toAnswerer := trickle(offerer)
	toOfferer := trickle(answerer)
	offer, err := offerer.CreateOffer(nil)
	must(err)
	must(offerer.SetLocalDescription(offer))
	must(answerer.SetRemoteDescription(offer))
	go deliver(toAnswerer, answerer)
	answer, err := answerer.CreateAnswer(nil)
	must(err)
	must(answerer.SetLocalDescription(answer))
	must(offerer.SetRemoteDescription(answer))
	go deliver(toOfferer, offerer)
}

func trickle(pc *webrtc.PeerConnection) <-chan webrtc.ICECandidateInit {
	candidates := make(chan webrtc.ICECandidateInit, 64)
	pc.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate == nil {
			close(candidates)
			return
		}
		candidates <- candidate.ToJSON()
	})
	return candidates
}

func deliver(candidates <-chan webrtc.ICECandidateInit, to *webrtc.PeerConnection) {
	for candidate := range candidates {
		_ = to.AddICECandidate(candidate)
	}
}

func percentile(values []time.Duration, share float64) time.Duration {
	slices.Sort(values)
	return values[min(int(float64(len(values))*share), len(values)-1)]
}

func round(value float64, digits int) json.Number {
	return json.Number(fmt.Sprintf("%.*f", digits, value))
}
