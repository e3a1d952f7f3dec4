//! The servers as a program, for trying things by hand and for the clients of others.

#![allow(clippy::print_stdout, reason = "a program for people")]

use std::time::Duration;

use api_server::{Behaviour, GeminiServer, Options, PROTOCOLS, ProviderServer, Server};
use clap::Parser;

/// A local server that speaks the OpenAI Images API. Nothing is paid for; the pictures are discs.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Port of 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Time from a request to its answer
    #[arg(long, default_value_t = 0, value_name = "MS")]
    latency_ms: u64,
    /// Pictures per minute; without it there is no limit
    #[arg(long, value_name = "N")]
    ipm: Option<u32>,
    /// The key that is accepted
    #[arg(long, default_value_t = Options::default().key)]
    key: String,
    /// Speaks as this provider does, on a free port, in place of OpenAI; what came is at /_seen
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Azure deployment and its model
    #[arg(long = "deployment", value_name = "NAME=MODEL", value_parser = deployment)]
    deployments: Vec<(String, String)>,
}

fn deployment(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or("write NAME=MODEL")?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

fn main() -> std::io::Result<()> {
    let args = Args::parse();
    match args.provider.as_deref() {
        Some("gemini") => {
            let server = GeminiServer::start(Duration::from_millis(args.latency_ms));
            println!("GEMINI_BASE_URL={}", server.base_url());
            println!("GEMINI_API_KEY={}", server.key());
            park();
        }
        Some(name) => {
            let mut protocols = PROTOCOLS.into_iter();
            let protocol = protocols.find(|protocol| protocol.name == name);
            let protocol = protocol.ok_or_else(|| std::io::Error::other("no such provider"))?;
            let server = ProviderServer::start(protocol, Behaviour::default());
            let name = name.to_uppercase();
            println!("{name}_BASE_URL={}", server.base_url());
            println!("{name}_API_KEY={}", protocol.key);
            park();
        }
        None => {}
    }
    let server = Server::try_start(Options {
        port: args.port,
        key: args.key,
        latency: Duration::from_millis(args.latency_ms),
        images_per_minute: args.ipm,
        deployments: args.deployments,
    })?;
    println!("OPENAI_BASE_URL={}", server.base_url());
    println!("OPENAI_API_KEY={}", server.key());
    println!("counts: {}/_stats", server.origin());
    park();
}

fn park() -> ! {
    loop {
        std::thread::park();
    }
}
