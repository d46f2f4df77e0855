//! What applications add to the processing of media (Pion's `interceptor.Registry`).

use std::fmt;
use std::sync::Arc;

use interceptor::{Chain, Interceptor, PacketSink};

type Factory<T> = Arc<dyn Fn() -> Box<T> + Send + Sync>;

/// Makes the interceptor chain of each connection. What WebRTC needs – NACK, RTX, reports, transport-wide feedback – is
/// in every chain; what is added here stands between that and the tracks.
///
/// ```
/// use interceptor::{InboundId, Interceptor, Verdict};
/// use std::time::Instant;
///
/// /// Loses every tenth packet, to see what happens.
/// #[derive(Debug, Default)]
/// struct Lossy(u32);
///
/// impl Interceptor for Lossy {
///     fn handle_inbound(&mut self, _: Instant, _: InboundId, _: &mut [u8]) -> Verdict {
///         self.0 += 1;
///         if self.0 % 10 == 0 { Verdict::Drop } else { Verdict::Pass }
///     }
/// }
///
/// let mut registry = webrtc::Registry::default();
/// registry.add(|| Box::new(Lossy::default()));
/// let api = webrtc::Api::builder().interceptor_registry(registry).build();
/// # drop(api);
/// ```
#[derive(Clone, Default)]
pub struct Registry {
    /// Settings of every chain: intervals, bounds. Names and ids of what is negotiated are set for each connection.
    pub config: interceptor::Config,
    interceptors: Vec<Factory<dyn Interceptor>>,
    sink: Option<Factory<dyn PacketSink>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("config", &self.config)
            .field("interceptors", &self.interceptors.len())
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// Adds an interceptor behind those that are there, seen from the network. `make` is called for each connection.
    pub fn add(&mut self, make: impl Fn() -> Box<dyn Interceptor> + Send + Sync + 'static) {
        self.interceptors.push(Arc::new(make));
    }

    /// Shows every packet of every connection, in the clear, to what `make` gives.
    pub fn set_sink(&mut self, make: impl Fn() -> Box<dyn PacketSink> + Send + Sync + 'static) {
        self.sink = Some(Arc::new(make));
    }

    pub(crate) fn furnish(&self, chain: &mut Chain) {
        for make in &self.interceptors {
            chain.add_interceptor(make());
        }
        chain.set_sink(self.sink.as_ref().map(|make| make()));
    }
}
