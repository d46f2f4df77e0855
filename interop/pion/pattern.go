package main

import "fmt"

// generator is the xorshift32 stream behind one message of the pattern (interop/README.md).
type generator uint32

func newGenerator(seed, index uint32) generator {
	x := seed ^ index*0x9E3779B9
	x ^= x >> 16
	x *= 0x85EBCA6B
	x ^= x >> 13
	x *= 0xC2B2AE35
	x ^= x >> 16
	if x == 0 {
		x = 1
	}
	return generator(x)
}

func (g *generator) next() uint32 {
	x := uint32(*g)
	x ^= x << 13
	x ^= x >> 17
	x ^= x << 5
	*g = generator(x)
	return x
}

// pattern names a deterministic sequence of messages.
type pattern struct {
	seed, count, max uint32
}

// message computes one message of the pattern; even indices are text.
func (p pattern) message(index uint32) (data []byte, text bool) {
	g := newGenerator(p.seed, index)
	r, s := g.next(), g.next()
	data = make([]byte, p.size(index, r, s))
	for i := 0; i < len(data); i += 4 {
		value := g.next()
		for j := i; j < len(data) && j < i+4; j++ {
			data[j] = byte(value)
			value >>= 8
		}
	}
	if index%2 == 1 {
		return data, false
	}
	for i, b := range data {
		data[i] = 'a' + b%26
	}
	if len(data) >= 5 {
		copy(data, "é€")
	}
	return data, true
}

func (p pattern) size(index, r, s uint32) uint32 {
	var size uint32
	switch {
	case index < 2:
		size = 0
	case index < 4:
		size = p.max
	case r%100 < 70:
		size = s % 257
	case r%100 < 95:
		size = s % 16385
	case r%100 < 99:
		size = s % 65537
	default:
		size = p.max
	}
	return min(size, p.max)
}

// digest is what messages are compared by.
type digest struct {
	text   bool
	length int
	fnv    uint32
}

func digestOf(data []byte, text bool) digest {
	hash := uint32(0x811C9DC5)
	for _, b := range data {
		hash = (hash ^ uint32(b)) * 0x01000193
	}
	return digest{text, len(data), hash}
}

// checker compares what arrives with a pattern.
type checker struct {
	ordered, lossy bool
	expected       []digest
	left           map[digest]int
	position       int

	received, corrupt, disorder int
	bytes                       int
	first                       string
	reported                    bool
}

func newChecker(p pattern, ordered, lossy bool) *checker {
	c := &checker{ordered: ordered, lossy: lossy, left: map[digest]int{}}
	for index := range p.count {
		d := digestOf(p.message(index))
		c.expected = append(c.expected, d)
		c.left[d]++
	}
	return c
}

func (c *checker) receive(data []byte, text bool) {
	d := digestOf(data, text)
	c.received++
	c.bytes += len(data)
	if c.left[d] == 0 {
		c.corrupt++
		c.fault("message %d is not of the pattern or came twice: text %v, %d bytes", c.received-1, text, len(data))
		return
	}
	c.left[d]--
	if c.ordered && !c.advance(d) {
		c.disorder++
		c.fault("message %d is out of order: text %v, %d bytes", c.received-1, text, len(data))
	}
}

// advance moves to the message after d; only where loss is allowed may it skip some.
func (c *checker) advance(d digest) bool {
	for i := c.position; i < len(c.expected); i++ {
		if c.expected[i] == d {
			c.position = i + 1
			return true
		}
		if !c.lossy {
			return false
		}
	}
	return false
}

func (c *checker) fault(format string, arguments ...any) {
	if c.first == "" {
		c.first = fmt.Sprintf(format, arguments...)
	}
}

func (c *checker) complete() bool { return c.received >= len(c.expected) }

func (c *checker) verdict() fields {
	return fields{
		"received": c.received, "expected": len(c.expected), "bytes": c.bytes,
		"corrupt": c.corrupt, "disorder": c.disorder, "first": c.first,
	}
}
