//! The official OpenAI client for Python against the server: what it takes for an answer, and for which
//! error. Skipped, with a word, where there is no Python 3 or no package registry.

#![allow(
    clippy::disallowed_methods,
    reason = "tests: they run programs and look at files"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use api_server::{Fault, Options, Server};

/// The version that the facts in the server are from.
const CLIENT: &str = "openai==3.54.0";

/// A Python that has the client, in a virtual environment below the target directory; made once.
fn python() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(CLIENT.replace("==", "-"));
    let python = home.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let has_client = |python: &Path| {
        let check = format!("import openai; assert 'openai==' + openai.__version__ == '{CLIENT}'");
        run(Command::new(python).args(["-c", &check]))
    };
    if has_client(&python).is_ok() {
        return Ok(python);
    }
    let base = if cfg!(windows) { "python" } else { "python3" };
    run(Command::new(base)
        .args(["-m", "venv", "--clear"])
        .arg(&home))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", CLIENT]))?;
    has_client(&python)?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}", said.trim()))
}

#[test]
fn the_official_client_understands_the_server() {
    let python = match python() {
        Ok(python) => python,
        Err(why) => {
            // Not `eprintln!`: that of a test that passes is not shown.
            let said = format!("skipped: {CLIENT} cannot be had here: {why}\n");
            std::io::stderr().write_all(said.as_bytes()).unwrap();
            return;
        }
    };
    let server = Server::start(Options::default());
    // The errors that client.py asks for by their order; every other request has a good answer.
    let mut faults = vec![
        Fault::rate_limit(None),
        Fault::quota("insufficient_quota"),
        Fault::moderation("input", &["violence"]),
        Fault::not_verified(),
        Fault::server_error(500),
        Fault::overloaded(),
        Fault::close(),
        Fault::hang(),
        Fault::error_in_200(),
        // Retried by the client on its own, after the second that it is told to wait.
        Fault::rate_limit(Some(1)),
    ]
    .into_iter();
    server.rule(move |request| request.prompt.starts_with("fault").then(|| faults.next())?);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/client.py");
    let said = run(Command::new(python)
        .arg(script)
        .env("OPENAI_BASE_URL", server.base_url())
        .env("OPENAI_API_KEY", server.key())
        .env("AZURE_OPENAI_API_KEY", server.key())
        .env("AZURE_ENDPOINT", server.origin()));
    assert_eq!(said, Ok("all good\n".to_owned()));
    // What the client sends conforms, but for what client.py does wrong on purpose.
    let wrong: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|request| !request.problems.is_empty())
        .map(|request| request.prompt)
        .collect();
    assert_eq!(wrong, ["wrong on purpose"; 3]);
}
