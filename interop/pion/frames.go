package main

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
)

// A frame of ours says which one it is, how long it is and what its bytes hash to, so that whoever gets it back can tell.
// No byte of that is zero, which H.264 would take for the beginning of a start code.
const (
	videoFrame = 3000
	audioFrame = 160
	frameHead  = 24
)

// A VP9 key frame of 640×480 begins so (VP9 bitstream §6.2), and a NAL unit of H.264 that decodes alone.
var (
	vp9Head  = []byte{0x82, 0x49, 0x83, 0x42, 0x40, 0x27, 0xf0, 0x1d, 0xf0}
	h264Head = []byte{0, 0, 0, 1, 0x65}
)

// prefix is what a codec's packetizer wants at the beginning of a frame with so much content.
func prefix(codec string, size int) []byte {
	switch strings.ToLower(codec) {
	case "video/vp8":
		return []byte{0x10}
	case "video/vp9":
		return vp9Head
	case "video/h264":
		return h264Head
	case "video/av1":
		// One OBU with its size, which is that of a frame (AV1 §5.3.2, §4.10.5).
		return []byte{0x32, 0x80 | byte(size&0x7f), byte(size >> 7)}
	default:
		return nil
	}
}

func makeFrame(codec string, number uint32, size int) []byte {
	content := make([]byte, size)
	for i := frameHead; i < size; i++ {
		content[i] = 0x80 | byte(number) + byte(i)
	}
	copy(content, fmt.Sprintf("%08x%08x", number, size))
	copy(content[16:], sum(content))
	return append(bytes.Clone(prefix(codec, size)), content...)
}

func sum(content []byte) string {
	hash := fnv.New32a()
	_, _ = hash.Write(content[:16])
	_, _ = hash.Write(content[frameHead:])
	return fmt.Sprintf("%08x", hash.Sum32())
}

func intact(codec string, frame []byte) bool {
	size := len(frame) - len(prefix(codec, 0))
	if size < frameHead || !bytes.HasPrefix(frame, prefix(codec, size)) {
		return false
	}
	content := frame[len(frame)-size:]
	return string(content[8:16]) == fmt.Sprintf("%08x", size) && string(content[16:24]) == sum(content)
}

// depacketizer is what takes the packets of a codec apart.
func depacketizer(codec string) rtp.Depacketizer {
	switch strings.ToLower(codec) {
	case strings.ToLower(webrtc.MimeTypeVP8):
		return &codecs.VP8Packet{}
	case strings.ToLower(webrtc.MimeTypeVP9):
		return &codecs.VP9Packet{}
	case strings.ToLower(webrtc.MimeTypeH264):
		return &codecs.H264Packet{}
	case strings.ToLower(webrtc.MimeTypeAV1):
		return &codecs.AV1Depacketizer{}
	default:
		return nil
	}
}
