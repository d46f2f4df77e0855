//! A client over a byte stream: TCP, or TLS for `stuns:`.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Error, mapped_address, now};
use crate::config::{ClientConfig, Transport};
use crate::core::{self, Event, Request, RequestId, Response};
use crate::framing::StreamDecoder;

/// Asks one server over a stream that carries nothing else, one request at a time.
///
/// Bring the stream: a `TcpStream`, or a TLS stream whose certificate was checked (RFC 8489 §6.2.3). Dropping the
/// future of a request gives the request up; if that happened while it was being written, the stream is broken.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (near, far) = tokio::io::duplex(1024); // in place of TLS over TCP
/// let (client, server) = ("192.0.2.1:5000".parse()?, "192.0.2.2:5349".parse()?);
/// tokio::spawn(stun::serve_stream(far, client, stun::ServerConfig::default()));
///
/// let mut stream = stun::StreamClient::new(near, server, stun::ClientConfig::default());
/// assert_eq!(stream.binding().await?, client);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct StreamClient<S> {
    core: core::Client,
    stream: S,
    decoder: StreamDecoder,
    buffer: Vec<u8>,
    out: Vec<u8>,
    current: Option<RequestId>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> StreamClient<S> {
    /// A client on a connection to `server`; [`ClientConfig::transport`] is taken to be [`Transport::Stream`].
    pub fn new(stream: S, server: SocketAddr, config: ClientConfig) -> Self {
        let config = ClientConfig {
            transport: Transport::Stream,
            ..config
        };
        Self {
            core: core::Client::new(config, server, rand::random()),
            stream,
            decoder: StreamDecoder::new(),
            buffer: vec![0; 2048],
            out: Vec::new(),
            current: None,
        }
    }

    /// The core, for its counters.
    pub const fn core(&self) -> &core::Client {
        &self.core
    }

    /// The stream, for other uses once all requests are done.
    pub fn into_inner(self) -> S {
        self.stream
    }

    /// Asks for our address.
    ///
    /// # Errors
    /// [`enum@Error`].
    pub async fn binding(&mut self) -> Result<SocketAddr, Error> {
        mapped_address(&self.request(Request::binding()).await?)
    }

    /// Sends a request and waits for the response.
    ///
    /// # Errors
    /// [`enum@Error`]; [`FailReason::Redirected`](core::FailReason::Redirected) names the server to connect to instead.
    pub async fn request(&mut self, request: Request) -> Result<Response, Error> {
        if let Some(abandoned) = self.current.take() {
            self.core.cancel(abandoned);
        }
        let current = self.core.request(now(), request)?;
        self.current = Some(current);
        loop {
            while self.core.poll_transmit(now(), &mut self.out).is_some() {}
            self.stream.write_all(&self.out).await?;
            self.stream.flush().await?;
            self.out.clear();
            while let Some(event) = self.core.poll_event() {
                match event {
                    Event::Success { id, response } if id == current => return Ok(response),
                    Event::Failed { id, reason } if id == current => return Err(reason.into()),
                    Event::Success { .. } | Event::Failed { .. } => {}
                }
            }
            self.receive().await?;
        }
    }

    /// Waits for bytes or the next deadline.
    async fn receive(&mut self) -> Result<(), Error> {
        let read = self.stream.read(&mut self.buffer);
        let count = match self.core.poll_timeout() {
            None => read.await?,
            Some(deadline) => match tokio::time::timeout_at(deadline.into(), read).await {
                Ok(count) => count?,
                Err(_) => {
                    self.core.handle_timeout(now());
                    return Ok(());
                }
            },
        };
        let mut input = self.buffer.get(..count).unwrap_or_default();
        if input.is_empty() {
            self.core.handle_disconnect();
        }
        let server = self.core.server();
        loop {
            let message = self.decoder.next_message(&mut input);
            match message.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))? {
                Some(message) => self.core.handle_input(now(), server, message),
                None => return Ok(()),
            }
        }
    }
}
