//! Opens a page in the person's browser. The command comes from the environment, or is the system's own.

use std::process::{Command, Stdio};

/// Opens it; false if there is nothing to open it with.
pub fn open(own: Option<&str>, url: &str) -> bool {
    let own = own.map(|command| command.split_whitespace().collect::<Vec<_>>());
    let commands = own.into_iter().chain(systems());
    let mut commands = commands.filter(|words| !words.is_empty());
    commands.any(|words| {
        let child = Command::new(words[0])
            .args(&words[1..])
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = child else {
            return false;
        };
        let waits = std::thread::Builder::new().name("browser".to_owned());
        // So that it leaves nothing behind when it ends.
        let _ = waits.spawn(move || child.wait());
        true
    })
}

/// What the system opens links with.
fn systems() -> Vec<Vec<&'static str>> {
    if cfg!(target_os = "macos") {
        vec![vec!["open"]]
    } else if cfg!(windows) {
        vec![vec!["rundll32", "url.dll,FileProtocolHandler"]]
    } else {
        vec![vec!["xdg-open"], vec!["wslview"]]
    }
}
