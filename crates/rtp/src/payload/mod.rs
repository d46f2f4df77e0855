//! Payload formats: how frames of a codec become payloads of packets, and back.
