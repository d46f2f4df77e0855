package main

import (
	"runtime/debug"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// pair makes two connected connections; the answerer's channel is handed to serve.
func pair(serve func(*webrtc.DataChannel)) (offerer, answerer *webrtc.PeerConnection, channel *webrtc.DataChannel) {
	offerer, answerer = newBenchConnection(), newBenchConnection()
	if serve != nil {
		answerer.OnDataChannel(serve)
	}
	channel, open := openChannel(offerer, options{ordered: true, maxRetransmits: -1})
	connect(offerer, answerer)
	<-open
	return offerer, answerer, channel
}

// latency plays ping-pong with 64 bytes.
func latency(o options) fields {
	echo := func(channel *webrtc.DataChannel) {
		channel.OnMessage(func(m webrtc.DataChannelMessage) { must(channel.Send(m.Data)) })
	}
	offerer, answerer, channel := pair(echo)
	defer func() { _, _ = offerer.Close(), answerer.Close() }()
	pong := make(chan struct{}, 1)
	channel.OnMessage(func(webrtc.DataChannelMessage) { pong <- struct{}{} })
	ball := make([]byte, 64)
	round1 := func() time.Duration {
		started := time.Now()
		must(channel.Send(ball))
		<-pong
		return time.Since(started)
	}
	for started := time.Now(); time.Since(started) < warmUp; {
		round1()
	}
	var rounds []time.Duration
	cpu := cpuTime()
	for started := time.Now(); time.Since(started).Seconds() < o.seconds; {
		rounds = append(rounds, round1())
	}
	cpu = cpuTime() - cpu
	return fields{
		"p50_us":           round(float64(percentile(rounds, 0.5).Nanoseconds())/1e3, 1),
		"p99_us":           round(float64(percentile(rounds, 0.99).Nanoseconds())/1e3, 1),
		"cpu_us_per_round": round(float64(cpu.Nanoseconds())/1e3/float64(len(rounds)), 1),
	}
}

// setup measures from CreateOffer to the offerer's open channel; connections are made and closed outside of that.
func setup(o options) fields {
	var mu sync.Mutex
	var times []time.Duration
	jobs := make(chan struct{})
	var workers sync.WaitGroup
	cpu, started := cpuTime(), time.Now()
	for range o.concurrent {
		workers.Go(func() {
			for range jobs {
				elapsed := setupOne()
				mu.Lock()
				times = append(times, elapsed)
				mu.Unlock()
			}
		})
	}
	for range o.count {
		jobs <- struct{}{}
	}
	close(jobs)
	workers.Wait()
	cpu, wall := cpuTime()-cpu, time.Since(started)
	return fields{
		"median_ms":       round(percentile(times, 0.5).Seconds()*1e3, 3),
		"p99_ms":          round(percentile(times, 0.99).Seconds()*1e3, 3),
		"cpu_ms_per_pair": round(cpu.Seconds()*1e3/float64(o.count), 3),
		"pairs_per_s":     round(float64(o.count)/wall.Seconds(), 1),
	}
}

func setupOne() time.Duration {
	offerer, answerer := newBenchConnection(), newBenchConnection()
	defer func() { _, _ = offerer.Close(), answerer.Close() }()
	_, open := openChannel(offerer, options{ordered: true, maxRetransmits: -1})
	started := time.Now()
	connect(offerer, answerer)
	<-open
	return time.Since(started)
}

// idle holds connected pairs that send nothing of their own.
func idle(o options) fields {
	debug.FreeOSMemory()
	empty := statusKiB("VmRSS")
	var held []*webrtc.PeerConnection
	for range o.pairs {
		offerer, answerer, _ := pair(nil)
		held = append(held, offerer, answerer)
	}
	time.Sleep(2 * warmUp)
	debug.FreeOSMemory()
	full := statusKiB("VmRSS")
	cpu, started := cpuTime(), time.Now()
	time.Sleep(time.Duration(o.seconds * float64(time.Second)))
	share := (cpuTime() - cpu).Seconds() / time.Since(started).Seconds()
	for _, pc := range held {
		_ = pc.Close()
	}
	connections := float64(len(held))
	return fields{
		"pairs":              o.pairs,
		"kib_per_connection": round(float64(full-empty)/connections, 1),
		"cpu_pct":            round(100*share*1000/connections, 2),
	}
}
