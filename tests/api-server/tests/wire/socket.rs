//! A client that is no more than a socket: it shows what really comes back.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use api_server::{Server, openapi};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Longer than anything takes here, however busy the machine.
pub const LONG: Duration = Duration::from_mins(1);

/// What came back, up to the end of the connection.
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The picture of that number.
    pub fn picture(&self, nth: usize) -> Vec<u8> {
        let json = self.json();
        let text = json["data"][nth]["b64_json"].as_str().unwrap();
        STANDARD.decode(text).unwrap()
    }

    /// Whether the whole body came.
    pub fn whole(&self) -> bool {
        let length = self.header("content-length").unwrap().parse::<usize>();
        length.unwrap() == self.body.len()
    }

    /// Status, type, code and param of an error, whose form is checked.
    pub fn error(&self) -> (u16, Value, Value, Value) {
        let json = self.json();
        assert_eq!(openapi::check_error(&json), Ok(()), "{json}");
        assert!(self.header("x-request-id").unwrap().starts_with("req_"));
        let error = &json["error"];
        let field = |name: &str| error[name].clone();
        (self.status, field("type"), field("code"), field("param"))
    }
}

/// Sends a request; `None` if the connection was closed before a head came back.
pub fn send(server: &Server, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Reply> {
    send_for([LONG; 2], server, path, headers, body)
}

/// The same, with what has come when nothing came for so long.
/// Sends a body, and waits so long for what comes first, and so long for each part after it.
pub fn send_for(
    patience: [Duration; 2],
    server: &Server,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<Reply> {
    let mut stream = TcpStream::connect(server.origin().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(patience[0])).unwrap();
    let mut head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut all = Vec::new();
    let mut block = vec![0; 64 * 1024];
    // Eight megabytes are enough to see that there is no end.
    while all.len() < 8 << 20 {
        match stream.read(&mut block) {
            Ok(0) | Err(_) => break,
            Ok(n) => all.extend_from_slice(&block[..n]),
        }
        stream.set_read_timeout(Some(patience[1])).unwrap();
    }
    let end = all.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(all[..end].to_vec()).unwrap();
    Some(Reply {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head,
        body: all[end + 4..].to_vec(),
    })
}

pub fn generate(server: &Server, body: &Value) -> Option<Reply> {
    generate_for([LONG; 2], server, body)
}

/// Asks for pictures, and waits so long for what comes first, and so long for each part after it.
pub fn generate_for(patience: [Duration; 2], server: &Server, body: &Value) -> Option<Reply> {
    let bearer = format!("Bearer {}", server.key());
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let path = "/v1/images/generations";
    send_for(
        patience,
        server,
        path,
        &headers,
        body.to_string().as_bytes(),
    )
}

pub fn otter() -> Value {
    json!({"model": "gpt-image-2", "prompt": "an otter", "size": "1088x1440", "quality": "low"})
}

/// A form with text fields and files: name, file name, media type, bytes.
pub fn edit(server: &Server, texts: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Reply {
    let mut form = Vec::new();
    for (name, text) in texts {
        let part = format!(
            "--frontier\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n"
        );
        form.extend_from_slice(part.as_bytes());
    }
    for (name, media_type, bytes) in files {
        let head = format!(
            "--frontier\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\n\
             content-type: {media_type}\r\n\r\n"
        );
        form.extend_from_slice(head.as_bytes());
        form.extend_from_slice(bytes);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(b"--frontier--\r\n");
    let bearer = format!("Bearer {}", server.key());
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "multipart/form-data; boundary=frontier"),
    ];
    send(server, "/v1/images/edits", &headers, &form).unwrap()
}
