//! What is written wrongly when somebody sets a provider up: each message says what is wrong, and the line to write.

use crate::paid::Paid;
use crate::project::{Project, Run};

/// Builds with these variables of the environment.
fn with(paid: &Paid, variables: &[(&str, &str)]) -> Run {
    let mut command = paid.command(&["build", "--yes"]);
    command.envs(variables.iter().copied());
    Run::of(command.output().unwrap())
}

#[test]
fn a_base_url_that_is_none_says_what_to_write() {
    let paid = Paid::one();
    for (base, error, line) in [
        (
            "relay.example.com/v1",
            "`OPENAI_BASE_URL` lacks its `https://`",
            "write `OPENAI_BASE_URL=https://relay.example.com/v1`",
        ),
        (
            "localhost:8080/v1",
            "`OPENAI_BASE_URL` lacks its `https://`",
            "write `OPENAI_BASE_URL=http://localhost:8080/v1`",
        ),
        (
            "https://relay.example.com/v1/images/generations",
            "`OPENAI_BASE_URL` is the URL of one request: what all of them begin with is asked for",
            "write `OPENAI_BASE_URL=https://relay.example.com/v1`",
        ),
    ] {
        let run = with(&paid, &[("OPENAI_BASE_URL", base)]);
        assert_eq!(run.code, 3, "{}", run.err);
        assert_eq!(run.err, format!("error: {error}\n  = help: {line}\n"));
    }
    assert_eq!(paid.server.stats().arrived, 0);
}

#[test]
fn a_base_url_without_its_path_says_what_to_write() {
    let paid = Paid::one();
    let bare = paid.server.base_url().replace("/v1", "");
    let run = with(&paid, &[("OPENAI_BASE_URL", &bare)]);
    assert_eq!(run.code, 3, "{}", run.err);
    let help = format!(
        "  = help: there is no such API at `{bare}/`: where its path is `/v1`, write `OPENAI_BASE_URL={bare}/v1`\n"
    );
    assert!(run.err.contains(&help), "{}", run.err);
}

/// A server that has a page for a browser at every place, or nothing.
fn pages(status: u16) -> u16 {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut chunk = [0; 4096];
            // A request of these tests is JSON, or the parts of a form, and ends with a brace or dashes.
            while !request.ends_with(b"}") && !request.ends_with(b"--\r\n") {
                match stream.read(&mut chunk).unwrap() {
                    0 => break,
                    n => request.extend_from_slice(&chunk[..n]),
                }
            }
            let page = "<!doctype html><title>One API</title>";
            let head = format!(
                "HTTP/1.1 {status} x\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n",
                page.len()
            );
            stream
                .write_all(format!("{head}{page}").as_bytes())
                .unwrap();
        }
    });
    port
}

#[test]
fn a_page_or_nothing_at_the_base_url_says_what_to_write_for_each_provider() {
    for (model, key, wrong, right) in [
        ("openai/gpt-image-2", "OPENAI_API_KEY", "", "/v1"),
        ("gemini/gemini-nano-banana-2.1", "GEMINI_API_KEY", "/v1", ""),
        ("bfl/flux-2-pro", "BFL_API_KEY", "", "/v1"),
        (
            "ark/doubao-seedream-5-0-pro-260628",
            "ARK_API_KEY",
            "/v1",
            "/v1/api/v3",
        ),
        (
            "dashscope/qwen-image-3.0",
            "DASHSCOPE_API_KEY",
            "",
            "/api/v1",
        ),
        ("zhipu/glm-image", "ZHIPU_API_KEY", "", "/api/paas/v4"),
        (
            "openrouter/qwen/qwen-image-3",
            "OPENROUTER_API_KEY",
            "",
            "/api/v1",
        ),
        (
            "together/black-forest-labs/FLUX.2-pro",
            "TOGETHER_API_KEY",
            "",
            "/v1",
        ),
        ("fal/fal-ai/flux-2-pro", "FAL_KEY", "/v1", ""),
        (
            "replicate/black-forest-labs/flux-2-pro",
            "REPLICATE_API_TOKEN",
            "",
            "/v1",
        ),
    ] {
        for status in [200, 404] {
            let project = Project::new(&format!(
                "[cover.a]\nmodel = \"{model}\"\nsize = \"1024x1024\"\ntext = {{ headline = \"one\" }}\n"
            ));
            let base = format!("http://127.0.0.1:{}", pages(status));
            let name = model.split('/').next().unwrap().to_uppercase();
            let mut command = project.command(&["build", "--yes"]);
            command.env(key, "key-0123456789");
            command.env(format!("{name}_BASE_URL"), format!("{base}{wrong}"));
            let run = Run::of(command.output().unwrap());
            let line = format!("write `{name}_BASE_URL={base}{right}`\n");
            assert!(run.err.contains(&line), "{model} {status}: {}", run.err);
            let page = run
                .err
                .contains("it is a web page, and no answer of an API");
            assert_eq!(page, status == 200, "{model} {status}: {}", run.err);
        }
    }
}

#[test]
fn a_proxy_that_is_dead_or_refuses_is_named_without_its_password() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refusing = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 407 no\r\ncontent-length: 0\r\n\r\n");
        }
    });
    // Bound, and given back.
    let dead = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    for (port, why) in [
        (dead, "connection refused"),
        (refusing, "tunnel error: proxy authorization required"),
    ] {
        let paid = Paid::one();
        let proxy = format!("http://me:secret-of-mine@127.0.0.1:{port}");
        let run = with(
            &paid,
            &[
                ("OPENAI_BASE_URL", "https://relay.example.com/v1"),
                ("HTTPS_PROXY", &proxy),
            ],
        );
        assert_eq!(run.code, 3, "{}", run.err);
        let named = format!(
            "; `HTTPS_PROXY` sends it through the proxy `127.0.0.1:{port}`: look whether that runs and lets it through, or name the provider's host in `NO_PROXY`\n"
        );
        assert!(
            run.err.contains(&named) && run.err.contains(why),
            "{}",
            run.err
        );
        assert!(!run.err.contains("secret-of-mine"), "{}", run.err);
        assert_eq!(paid.outcomes(), ["unsent", "unsent", "unsent"]);
    }
}

#[test]
fn a_model_as_a_gateway_names_it_says_what_to_write() {
    let paid = Paid::new(
        "[cover.a]\nmodel = \"openai/black-forest/flux-9\"\nsize = \"1024x1024\"\ntext = { headline = \"one\" }\n",
    );
    let run = paid.run(&["plan"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("error: unknown model `openai/black-forest/flux-9`\n")
            && run.err.contains("  = help: if a gateway knows it by this name, write `[model.\"openai/black-forest/flux-9\"]` with `formats = [\"png\"]`, `max_n = 1`, `max_references = 0` and `sizes = [[1024, 1024]]`\n"),
        "{}",
        run.err
    );
    // And with these lines it is one.
    let more = "[model.\"openai/black-forest/flux-9\"]\nformats = [\"png\"]\nmax_n = 1\nmax_references = 0\nsizes = [[1024, 1024]]\n";
    paid.project.write(
        "gpbuild.toml",
        format!("{}{more}", paid.project.text("gpbuild.toml")),
    );
    assert_eq!(paid.run(&["plan"]).code, 0);
}
