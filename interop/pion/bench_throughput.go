package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
)

// warmUp is left out of every measurement: slow start, and the first growth of the heap.
const warmUp = time.Second

// account is what a receiver tells of itself at one moment.
type account struct {
	Messages int64   `json:"messages"`
	Bytes    int64   `json:"bytes"`
	CPU      float64 `json:"cpu"`
	RSS      int     `json:"rss"`
}

// receiver counts what arrives, here or in another process.
type receiver interface {
	account() account
	close()
}

func throughput(o options) fields {
	var sender *webrtc.DataChannel
	var sink receiver
	own := cpuTime
	if o.processes == 2 {
		sender, sink = connectChild(o)
	} else {
		sender, sink = connectHere(o)
		// The receiver's account holds this process's time already.
		own = func() time.Duration { return 0 }
	}
	defer sink.close()
	stop := make(chan struct{})
	sent := make(chan int64)
	go func() { sent <- pour(sender, o.size, stop) }()

	time.Sleep(warmUp)
	before, cpuBefore, started := sink.account(), own(), time.Now()
	time.Sleep(time.Duration(o.seconds * float64(time.Second)))
	after, cpuAfter, elapsed := sink.account(), own(), time.Since(started)
	close(stop)
	total := <-sent
	arrived := settle(sink)

	gigabytes := float64(after.Bytes-before.Bytes) / 1e9
	cpu := after.CPU - before.CPU + (cpuAfter - cpuBefore).Seconds()
	rss := after.RSS
	if o.processes == 2 {
		rss += statusKiB("VmHWM")
	}
	return fields{
		"processes": o.processes, "size": o.size,
		"mbps":         round(gigabytes*8000/elapsed.Seconds(), 1),
		"cpu_s_per_gb": round(cpu/gigabytes, 2),
		"rss_mb":       round(float64(rss)/1024, 1),
		"loss_pct":     round(100*float64(total-arrived)/float64(total), 3),
	}
}

// settle waits until nothing more arrives.
func settle(sink receiver) int64 {
	for arrived := int64(-1); ; {
		now := sink.account().Messages
		if now == arrived {
			return now
		}
		arrived = now
		time.Sleep(300 * time.Millisecond)
	}
}

// pour sends as fast as the channel takes it and says how many messages that were.
func pour(channel *webrtc.DataChannel, size int, stop <-chan struct{}) int64 {
	room := flowControl(channel)
	message := make([]byte, size)
	for sent := int64(0); ; sent++ {
		select {
		case <-stop:
			return sent
		default:
		}
		must(channel.Send(message))
		if channel.BufferedAmount() > bufferHigh {
			<-room
		}
	}
}

func (o options) channelInit() *webrtc.DataChannelInit {
	init := &webrtc.DataChannelInit{Ordered: &o.ordered}
	if o.maxRetransmits >= 0 {
		limit := uint16(o.maxRetransmits)
		init.MaxRetransmits = &limit
	}
	return init
}

func openChannel(pc *webrtc.PeerConnection, o options) (*webrtc.DataChannel, <-chan struct{}) {
	channel, err := pc.CreateDataChannel("data", o.channelInit())
	must(err)
	open := make(chan struct{})
	channel.OnOpen(func() { close(open) })
	return channel, open
}

// counter is a receiver in this process.
type counter struct {
	messages, bytes atomic.Int64
	closers         []func() error
}

func (c *counter) count(pc *webrtc.PeerConnection) {
	pc.OnDataChannel(func(channel *webrtc.DataChannel) {
		channel.OnMessage(func(m webrtc.DataChannelMessage) {
			c.messages.Add(1)
			c.bytes.Add(int64(len(m.Data)))
		})
	})
	c.closers = append(c.closers, pc.Close)
}

func (c *counter) account() account {
	return account{c.messages.Load(), c.bytes.Load(), cpuTime().Seconds(), statusKiB("VmHWM")}
}

func (c *counter) close() {
	for _, closer := range c.closers {
		_ = closer()
	}
}

func connectHere(o options) (*webrtc.DataChannel, receiver) {
	sink := &counter{}
	offerer, answerer := newBenchConnection(), newBenchConnection()
	sink.count(answerer)
	channel, open := openChannel(offerer, o)
	connect(offerer, answerer)
	<-open
	return channel, sink
}

// child is a receiver in a process of its own, which speaks lines of JSON.
type child struct {
	command *exec.Cmd
	in      *json.Encoder
	out     *json.Decoder
}

func connectChild(o options) (*webrtc.DataChannel, receiver) {
	command := exec.Command(os.Args[0], "bench", "receiver")
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	must(err)
	out, err := command.StdoutPipe()
	must(err)
	must(command.Start())
	c := &child{command, json.NewEncoder(in), json.NewDecoder(out)}

	offerer := newBenchConnection()
	channel, open := openChannel(offerer, o)
	offer, err := offerer.CreateOffer(nil)
	must(err)
	must(c.in.Encode(gathered(offerer, offer)))
	var answer webrtc.SessionDescription
	must(c.out.Decode(&answer))
	must(offerer.SetRemoteDescription(answer))
	<-open
	return channel, c
}

// gathered sets a local description and returns it with all its candidates.
func gathered(pc *webrtc.PeerConnection, description webrtc.SessionDescription) webrtc.SessionDescription {
	complete := webrtc.GatheringCompletePromise(pc)
	must(pc.SetLocalDescription(description))
	<-complete
	return *pc.LocalDescription()
}

func (c *child) account() account {
	must(c.in.Encode("account"))
	var result account
	must(c.out.Decode(&result))
	return result
}

func (c *child) close() { _ = c.command.Process.Kill() }

// receiveForParent is the other end of child.
func receiveForParent() {
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	out := json.NewEncoder(os.Stdout)
	var offer webrtc.SessionDescription
	must(in.Decode(&offer))
	pc := newBenchConnection()
	sink := &counter{}
	sink.count(pc)
	must(pc.SetRemoteDescription(offer))
	answer, err := pc.CreateAnswer(nil)
	must(err)
	must(out.Encode(gathered(pc, answer)))
	for {
		var request string
		if in.Decode(&request) != nil {
			return
		}
		must(out.Encode(sink.account()))
	}
}
