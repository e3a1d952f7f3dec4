//! A browser: chromedriver, and one session of it, ended with the test. WebDriver is a handful of calls with
//! JSON (<https://www.w3.org/TR/webdriver2/>). Knows nothing of gpbuild.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Longer than anything takes here, however busy the machine.
const LONG: Duration = Duration::from_secs(60);
/// So often a condition is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// So often chromedriver is started before it counts as broken.
const STARTS: usize = 5;
/// How an element is named in JSON, as the standard says.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A headless Chromium.
pub struct Browser {
    runtime: Runtime,
    client: Client,
    /// Ended after the session.
    _driver: Driver,
    /// Where Chromium leaves what it forgets.
    _temporary: TempDir,
    /// The URL of the session.
    session: String,
}

/// An element of the page.
pub struct Element<'b> {
    browser: &'b Browser,
    /// By which it was found.
    css: String,
    /// The value of [`ELEMENT`].
    id: String,
}

/// Ends chromedriver, which ends its browsers.
struct Driver(Child);

impl Driver {
    /// One that listens, and where. It asks for a free port twice, once a family of addresses, and ends when
    /// another process has taken it between; so it is started again a few times.
    fn start(temporary: &TempDir) -> (Self, String) {
        let mut said = String::new();
        for _ in 0..STARTS {
            let mut child = Command::new("chromedriver")
                .arg("--port=0")
                .env("TMPDIR", temporary.path())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap_or_else(|e| {
                    panic!(
                        "chromedriver: {e}; on Debian, `apt-get install chromium chromium-driver`"
                    )
                });
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let driver = Self(child);
            for line in lines.by_ref().map_while(Result::ok) {
                if let Some((_, port)) = line.split_once("started successfully on port ") {
                    let port = port.trim_end_matches('.').to_owned();
                    // What it says later goes nowhere, but must be read.
                    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
                    return (driver, port);
                }
                said += &line;
                said.push('\n');
            }
        }
        panic!("chromedriver did not start {STARTS} times; it said:\n{said}");
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let pid = self.0.id().to_string();
        // Asked, so that it takes its browser with it.
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.0.wait();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends what did not hear this.
        let request = self.client.delete(&self.session);
        let _ = self.runtime.block_on(async { request.send().await });
    }
}

impl Browser {
    /// Starts one, 1280x900 and in English.
    pub fn start() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let (driver, port) = Driver::start(&temporary);
        // There may be one already; whichever it is, nothing here is encrypted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut browser = Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            client: Client::builder().no_proxy().timeout(LONG).build().unwrap(),
            _driver: driver,
            _temporary: temporary,
            session: format!("http://127.0.0.1:{port}/session"),
        };
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--lang=en",
            "--window-size=1280,900",
        ];
        let options = json!({ "goog:chromeOptions": { "args": arguments } });
        let answer = browser.post("", &json!({ "capabilities": { "alwaysMatch": options } }));
        browser.session += "/";
        browser.session += answer["sessionId"].as_str().unwrap();
        browser.resize(1280, 900, 1);
        browser
    }

    /// Goes to a page, and waits until it is loaded.
    pub fn goto(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// The one element that a CSS selector finds first, as soon as it is there.
    pub fn find(&self, css: &str) -> Element<'_> {
        self.wait_until(&format!("document.querySelector({})", json!(css)));
        let found = self.post(
            "/element",
            &json!({ "using": "css selector", "value": css }),
        );
        Element {
            browser: self,
            css: css.to_owned(),
            id: found[ELEMENT].as_str().unwrap().to_owned(),
        }
    }

    /// What a script returns.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Presses keys one by one: they go to what has the focus.
    pub fn press(&self, keys: &str) {
        for key in keys.chars() {
            let [down, up] =
                ["keyDown", "keyUp"].map(|what| json!({ "type": what, "value": key.to_string() }));
            let keyboard = json!({ "type": "key", "id": "keyboard", "actions": [down, up] });
            self.post("/actions", &json!({ "actions": [keyboard] }));
        }
    }

    /// What a script returns that is a text.
    pub fn text_of(&self, script: &str) -> String {
        self.run(script).as_str().unwrap().to_owned()
    }

    /// Waits until a script that is an expression is true; how long that took.
    pub fn wait_until(&self, expression: &str) -> Duration {
        let began = Instant::now();
        while self.run(&format!("return Boolean({expression})")) != true {
            assert!(
                began.elapsed() < LONG,
                "`{expression}` does not become true\n{}",
                self.text_of("return document.body.innerText")
            );
            std::thread::sleep(LOOK);
        }
        began.elapsed()
    }

    /// Gives the page another size, in pixels of CSS, each of `scale` x `scale` pixels.
    pub fn resize(&self, width: u32, height: u32, scale: u32) {
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            &json!({
                "width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600,
            }),
        );
    }

    /// What the system says it prefers: `light` or `dark`.
    pub fn prefer(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.tell(
            "Emulation.setEmulatedMedia",
            &json!({ "features": [feature] }),
        );
    }

    /// Shows it as on another medium: `print` or `screen`.
    pub fn prefer_media(&self, media: &str) {
        self.tell("Emulation.setEmulatedMedia", &json!({ "media": media }));
    }

    /// A command of Chromium's own protocol.
    fn tell(&self, command: &str, parameters: &Value) {
        self.post(
            "/goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        );
    }

    /// Saves what is to be seen as `NAME.png` below the target directory.
    pub fn screenshot(&self, name: &str) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let picture = self.call(Method::GET, "/screenshot", None);
        let picture = BASE64_STANDARD.decode(picture.as_str().unwrap()).unwrap();
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, picture).unwrap();
        path
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call(Method::POST, path, Some(body))
    }

    fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        self.try_call(method, path, body)
            .unwrap_or_else(|(error, message)| panic!("{path}: {error}: {message}"))
    }

    /// What comes back, or the name of the error and its message.
    fn try_call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, (String, String)> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.session));
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            answer.text().await.unwrap()
        });
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        let value = answer["value"].take();
        match value["error"].as_str() {
            Some(error) => Err((error.to_owned(), value["message"].to_string())),
            None => Ok(value),
        }
    }
}

impl Element<'_> {
    /// The text that is to be seen.
    pub fn text(&self) -> String {
        self.get("text").as_str().unwrap().to_owned()
    }

    /// Clicks in the middle of it, as a person does: it must be to be seen, and nothing over it. If the page drew it
    /// anew meanwhile, the new one is clicked, which is the one that a person sees.
    pub fn click(&self) {
        let began = Instant::now();
        let mut id = self.id.clone();
        loop {
            let clicked = self.browser.try_call(
                Method::POST,
                &format!("/element/{id}/click"),
                Some(&json!({})),
            );
            match clicked {
                Ok(_) => return,
                Err((error, _)) if error == "stale element reference" && began.elapsed() < LONG => {
                    id = self.browser.find(&self.css).id;
                }
                Err((error, message)) => panic!("click on `{}`: {error}: {message}", self.css),
            }
        }
    }

    /// Types into it.
    pub fn type_in(&self, text: &str) {
        self.post("value", &json!({ "text": text }));
    }

    fn get(&self, what: &str) -> Value {
        let path = format!("/element/{}/{what}", self.id);
        self.browser.call(Method::GET, &path, None)
    }

    fn post(&self, what: &str, body: &Value) {
        self.browser
            .post(&format!("/element/{}/{what}", self.id), body);
    }
}
