//! The server as a program, for trying things by hand.

#![allow(clippy::print_stdout, reason = "a program for people")]

use std::time::Duration;

use api_server::{Options, Server};
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
    loop {
        std::thread::park();
    }
}
