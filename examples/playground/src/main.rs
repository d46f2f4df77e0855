//! The playground: a page that connects any browser with the `webrtc` crate, and `pair`, which needs no browser.

mod console;
mod film;
mod pair;
mod recording;
mod report;
mod server;
mod services;
mod session;
mod studio;

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use webrtc::{Api, Configuration, Endpoint, IceServer, SettingEngine};

/// What goes wrong, in words.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Opens a page that connects a browser with the webrtc crate.
#[derive(Debug, Parser)]
#[command(name = "playground", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Connects two peers over real UDP, without a browser, and measures.
    Pair(pair::Pair),
}

/// How the page is served and connections are made.
#[derive(Args, Debug)]
struct Serve {
    /// Where the page is served.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// A STUN server, such as stun:HOST:PORT; may be given several times.
    #[arg(long, value_name = "URL")]
    ice_server: Vec<String>,
    /// One UDP port for all connections; otherwise each has sockets of its own.
    #[arg(long, value_name = "N")]
    udp_port: Option<u16>,
    #[command(flatten)]
    studio: studio::Studio,
}

impl Serve {
    /// What all connections have in common.
    fn api(&self) -> Result<Api, Failure> {
        let mut settings = SettingEngine::default();
        // The browser may run on this machine, which need not have a network.
        settings.gathering.include_loopback = true;
        let mtu = settings.mtu;
        let mut builder = Api::builder().setting_engine(settings);
        if let Some(port) = self.udp_port {
            builder = builder.endpoint(Endpoint::bind_port(port, mtu)?);
        }
        Ok(builder.build())
    }

    fn configuration(&self) -> Configuration {
        let ice_servers = self.ice_server.iter().map(IceServer::stun).collect();
        Configuration {
            ice_servers,
            ..Configuration::default()
        }
    }

    async fn run(self) -> Result<(), Failure> {
        let (api, configuration) = (self.api()?, self.configuration());
        // A server that cannot be used would refuse every page: better said now.
        drop(api.new_peer_connection(configuration.clone())?);
        let listener = tokio::net::TcpListener::bind(self.listen)
            .await
            .map_err(|error| {
                format!(
                    "cannot listen on {}: {error} (choose another with --listen)",
                    self.listen
                )
            })?;
        console::serving(listener.local_addr()?);
        server::serve(listener, api, configuration, self.studio).await
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Some(Command::Pair(pair)) => pair.run().await,
        None => arguments.serve.run().await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("playground: {error}");
            ExitCode::FAILURE
        }
    }
}
