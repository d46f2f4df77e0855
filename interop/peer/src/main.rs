//! The interop partner built on the `webrtc` crate: JSON lines on standard input and output (`interop/README.md`).

mod channel;
mod connection;
mod echo;
mod lossy;
mod media;
mod pattern;
mod protocol;
mod stats;

use std::collections::HashMap;
use std::sync::Arc;

use clap::{Parser, Subcommand, ValueEnum};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use webrtc::{Api, ExtensionEncryption, MediaEngine, Provider, SettingEngine};

use connection::Connection;
use protocol::{Failure, Output, Request};

/// Our partner in the interop matrix.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves one matcher on standard input and output.
    Peer {
        /// Who does the cryptography.
        #[arg(long, value_enum, default_value = "aws-lc-rs")]
        provider: Crypto,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Crypto {
    AwsLcRs,
    RustCrypto,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let Command::Peer { provider } = Arguments::parse().command;
    Peer::new(provider).serve().await
}

/// Serves one matcher.
#[derive(Debug)]
struct Peer {
    api: Api,
    /// Prefers header extensions in encrypted form (RFC 6904).
    encrypting: Api,
    provider: Crypto,
    connections: HashMap<String, Arc<Connection>>,
    output: Output,
}

impl Peer {
    fn new(provider: Crypto) -> Self {
        let mut settings = SettingEngine::default();
        settings.gathering.include_loopback = true;
        settings.provider = match provider {
            Crypto::AwsLcRs => Provider::aws_lc_rs(),
            Crypto::RustCrypto => Provider::rust_crypto(),
        };
        let mut media = MediaEngine::default();
        media.encrypt_header_extensions(ExtensionEncryption::Prefer, |_| true);
        let builder = Api::builder().setting_engine(settings.clone());
        let encrypting = builder.media_engine(media).build();
        let api = Api::builder().setting_engine(settings).build();
        Self {
            api,
            encrypting,
            provider,
            connections: HashMap::new(),
            output: Output::default(),
        }
    }

    async fn serve(mut self) -> Result<(), Failure> {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        while let Some(line) = lines.next_line().await? {
            let request: Request = serde_json::from_str(&line)?;
            let id = request.id;
            // Bursts take long and run beside the rest; everything else keeps the order of the lines.
            if request.op == "burst" {
                let connection = self.connection(&request).cloned();
                let output = self.output.clone();
                tokio::spawn(async move {
                    let result = match connection {
                        Ok(connection) => connection.burst(&request).await,
                        Err(error) => Err(error),
                    };
                    output.reply(id, result);
                });
            } else {
                let result = self.answer(&request);
                self.output.reply(id, result);
            }
        }
        Ok(())
    }

    fn answer(&mut self, request: &Request) -> Result<Value, Failure> {
        match request.op.as_str() {
            "hello" => {
                let version = format!("{} {:?}", env!("CARGO_PKG_VERSION"), self.provider);
                Ok(json!({"name": "ours", "version": version}))
            }
            "new" => {
                let api = match request.encrypt {
                    true => &self.encrypting,
                    false => &self.api,
                };
                let connection = Connection::new(api, request, self.output.clone())?;
                self.connections.insert(request.pc.clone(), connection);
                Ok(json!({}))
            }
            "vanish" => std::process::abort(),
            _ => self.connection(request)?.answer(request),
        }
    }

    fn connection(&self, request: &Request) -> Result<&Arc<Connection>, Failure> {
        self.connections
            .get(&request.pc)
            .ok_or_else(|| format!("no connection {}", request.pc).into())
    }
}
