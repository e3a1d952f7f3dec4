//! The example that drives ComfyUI, against a server that speaks as much of its HTTP as the example needs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::program::Programs;
use crate::project::{Project, Run};

/// A ComfyUI of one picture: `POST /prompt`, `GET /history/ID`, which knows it at the second question, `GET /view`.
struct Comfy {
    url: String,
    /// The workflows that were queued.
    queued: Arc<Mutex<Vec<Value>>>,
}

impl Comfy {
    fn start(picture: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let queued = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&queued);
        std::thread::spawn(move || {
            let mut polls = 0;
            for stream in listener.incoming() {
                answer(stream.unwrap(), &picture, &kept, &mut polls);
            }
        });
        Self { url, queued }
    }
}

fn answer(stream: TcpStream, picture: &[u8], queued: &Mutex<Vec<Value>>, polls: &mut u32) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if header.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let path = line.split(' ').nth(1).unwrap();
    let (status, body) = match path {
        "/prompt" => {
            let asked: Value = serde_json::from_slice(&body).unwrap();
            queued.lock().unwrap().push(asked["prompt"].clone());
            (
                200,
                json!({ "prompt_id": "p-1", "number": 1, "node_errors": {} })
                    .to_string()
                    .into_bytes(),
            )
        }
        "/history/p-1" => {
            *polls += 1;
            let image =
                json!({ "filename": "gpbuild_00001_.png", "subfolder": "", "type": "output" });
            let done = json!({ "p-1": { "outputs": { "7": { "images": [image] } }, "status": { "status_str": "success", "completed": true } } });
            let body = if *polls < 2 { json!({}) } else { done };
            (200, body.to_string().into_bytes())
        }
        "/view?filename=gpbuild_00001_.png&subfolder=&type=output" => (200, picture.to_vec()),
        _ => (404, Vec::new()),
    };
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 {status} OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .unwrap();
    stream.write_all(&body).unwrap();
}

#[test]
fn the_example_makes_a_picture_with_comfyui() {
    let picture = Project::one("comfy");
    picture.edit("gpbuild.toml", "300x400", "64x48");
    picture.build();
    let comfy = Comfy::start(picture.read("dist/a.png"));
    let programs = Programs::without("[cover.a]\ntext = { headline = \"one\" }\n");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let [script, workflow] =
        ["comfyui.py", "comfyui-workflow.json"].map(|name| examples.join(name));
    programs.configure(&format!(
        "[command.it]\nprogram = \"/usr/bin/env\"\nargs = [\"python3\", {script:?}, {workflow:?}]\nenvironment = [\"COMFYUI_URL\"]\ncost = 0\n"
    ));
    let build = |url: &str| {
        let mut command = programs.command(&["build", "--json"]);
        Run::of(command.env("COMFYUI_URL", url).output().unwrap())
    };
    // Nobody listens there: nothing was made, and that is said.
    let run = build("http://127.0.0.1:9");
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    let reason = run.asset("a")["reason"].as_str().unwrap().to_owned();
    assert!(
        reason.starts_with("it was not made: the program ended with 69: http://127.0.0.1:9: "),
        "{reason}"
    );
    let run = build(&comfy.url);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(programs.project.read("dist/a.png") == picture.read("dist/a.png"));
    let queued = comfy.queued.lock().unwrap();
    assert_eq!(queued.len(), 1);
    let nodes = &queued[0];
    assert!(
        nodes["2"]["inputs"]["text"]
            .as_str()
            .unwrap()
            .contains("\"one\"")
    );
    assert_eq!(nodes["4"]["inputs"]["width"], 64);
    assert!(nodes["5"]["inputs"]["seed"].as_u64().is_some());
}
