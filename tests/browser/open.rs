//! A `gpbuild watch` with its page, in a project of its own, and the API that it may ask.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use api_server::{Options, Server};

use crate::browser::Browser;
use crate::project::{PLAIN, Project, Run};

/// What every manifest of these tests begins with: one face, quickly drawn.
pub const DEFAULTS: &str = "[defaults]\nsize = \"120x90\"\ntemplate = \"plain\"\n";
/// The same for assets that are paid for.
pub const PAID: &str =
    "[defaults]\nmodel = \"openai/gpt-image-2\"\nquality = \"low\"\nsize = \"800x800\"\n";

/// A project, and the watch in it once it is begun.
pub struct Open {
    pub project: Project,
    pub server: Server,
    /// Every save makes drafts alone, of what is drawn here anyway as well.
    pub drafts: bool,
    watch: Option<Child>,
    /// Where the page is; empty before it is open.
    pub url: String,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.end();
    }
}

impl Open {
    /// A project with this manifest, not watched yet.
    pub fn new(manifest: &str) -> Self {
        Self::of(Project::new(manifest))
    }

    /// This project, not watched yet.
    pub fn of(project: Project) -> Self {
        project.write("templates/plain.html", PLAIN);
        Self {
            project,
            server: Server::start(Options::default()),
            drafts: false,
            watch: None,
            url: String::new(),
        }
    }

    /// The binary, which may ask the server.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.project.command(arguments);
        command
            .env("OPENAI_API_KEY", self.server.key())
            .env("OPENAI_BASE_URL", self.server.base_url());
        command
    }

    /// Makes the real pictures.
    pub fn build(&self) {
        let run = Run::of(self.command(&["build", "--yes"]).output().unwrap());
        assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    }

    /// Begins to watch.
    pub fn watch(&mut self) {
        let mut child = self
            .command(&["watch", "--port", "0"])
            .args(self.drafts.then_some("--draft"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        self.watch = Some(child);
        let page = lines.find_map(|line| Some(line.unwrap().strip_prefix("page: ")?.to_owned()));
        self.url = page.expect("it says where its page is");
        // What it says later goes nowhere, but must be read.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    }

    /// Begins to watch, and opens the page: with so many assets, each with a picture.
    pub fn page(&mut self, assets: usize) -> Browser {
        self.watch();
        let browser = Browser::start();
        browser.goto(&self.url);
        drafted(&browser, assets);
        browser
    }

    /// Ends the watch as ctrl-c does; what the process answers.
    pub fn end(&mut self) -> Option<i32> {
        let mut child = self.watch.take()?;
        let pid = child.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status().unwrap();
        child.wait().unwrap().code()
    }

    /// Ends the watch as a power cut does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.watch.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// The token of the page.
    pub fn token(&self) -> &str {
        self.url.trim_end_matches('/').rsplit('/').next().unwrap()
    }

    /// Host and port of the page.
    pub fn host(&self) -> &str {
        self.url.split('/').nth(2).unwrap()
    }

    /// The status and the whole answer to a request, said word for word; it must end the connection.
    pub fn ask(&self, request: &str) -> (u16, String) {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(self.host()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }
}

/// Waits until there are so many assets, and each of those that are to be seen has a picture.
pub fn drafted(browser: &Browser, assets: usize) {
    browser.wait_until(&format!(
        "document.querySelector('[data-chip=all] span')?.textContent === '{assets}' \
         && document.querySelector('.card') && !document.querySelector('.card img[hidden]')"
    ));
}

/// Opens the close view of an asset that is to be seen, and waits until the server has said everything about it.
pub fn look_closer(browser: &Browser, id: &str) {
    browser.find(&format!("[data-id='{id}'] .frame")).click();
    wait_for_all(browser);
}

/// The same by its address: it may be anywhere in the list.
pub fn go_to(browser: &Browser, id: &str) {
    browser.run(&format!("location.hash = 'asset={id}'"));
    wait_for_all(browser);
}

fn wait_for_all(browser: &Browser) {
    browser.wait_until(
        "document.querySelector('#detail:not([hidden]) [data-slot=changes]:not(:empty)')",
    );
}
