//! A provider that a project declares to be like one of the table: another place, another key, and no line of Rust.

use api_server::{Behaviour, PROTOCOLS, ProviderServer};

use crate::project::{Project, Run};

/// The whole of it, and of a model.
fn declaration(like: &str, base_url: &str, model: &str, size: &str) -> String {
    format!(
        r#"[provider.relay]
like = "{like}"
base_url = "{base_url}"

[model."relay/{model}"]
formats = ["png"]
max_n = 1
max_references = 1
sizes = [[{size}]]

[cover.a]
model = "relay/{model}"
size = "{}"
text = {{ headline = "one" }}
"#,
        size.split(", ").take(2).collect::<Vec<_>>().join("x")
    )
}

/// A run with the relay's key, and one that belongs to somebody else.
fn run(project: &Project, home: &tempfile::TempDir, key: &str, arguments: &[&str]) -> Run {
    let mut command = project.command(arguments);
    command
        .env("GPBUILD_HOME", home.path())
        .env("RELAY_API_KEY", key)
        .env("GPBUILD_TRUST", project.trust());
    Run::of(command.output().unwrap())
}

#[test]
fn a_relay_is_asked_as_what_it_is_like_and_has_a_key_of_its_own() {
    for (like, model, size) in [
        ("ark", "doubao-seedream-5-0-pro-260628", "1024, 1024"),
        ("bfl", "flux-2-pro", "128, 96"),
        ("dashscope", "qwen-image-3.0", "512, 512"),
        ("fal", "fal-ai/flux-2-pro", "128, 96"),
        ("kling", "kling-v3", r#"1024, 1024, "1:1", "1k""#),
        ("openrouter", "qwen/qwen-image-3", "512, 512"),
        ("replicate", "black-forest-labs/flux-2-pro", "128, 96"),
        ("together", "black-forest-labs/FLUX.2-pro", "128, 96"),
        ("zhipu", "glm-image", "1024, 1024"),
    ] {
        let mut protocols = PROTOCOLS.iter();
        let protocol = protocols.find(|protocol| protocol.name == like).unwrap();
        let server = ProviderServer::start(protocol, Behaviour::default());
        let project = Project::new(&declaration(like, &server.base_url(), model, size));
        let home = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let built = run(&project, &home, protocol.key, &["build", "--json", "--yes"]);
            let seen = server.seen();
            assert_eq!(
                built.code, 0,
                "{like}: {}{} {:?}",
                built.out, built.err, seen.wrong
            );
            assert_eq!((seen.accepted.len(), seen.wrong), (1, Vec::new()), "{like}");
        }
    }
}

#[test]
fn what_it_is_like_gives_it_neither_key_nor_trust() {
    let server = ProviderServer::start(PROTOCOLS[0], Behaviour::default());
    let text = declaration("ark", &server.base_url(), "m", "1024, 1024");
    let project = Project::new(&text);
    let untrusted = Run::of(
        project
            .command(&["build", "--yes"])
            .env("ARK_API_KEY", "ark-0123456789")
            .env("RELAY_API_KEY", "relay-0123456789")
            .output()
            .unwrap(),
    );
    assert_eq!(untrusted.code, 3, "{}", untrusted.err);
    let host = server.base_url();
    let host = host.split('/').nth(2).unwrap();
    let said = format!(
        "`provider.relay` needs your trust: it says what is asked and how, and your key in `RELAY_API_KEY` goes to {host}"
    );
    assert!(untrusted.err.contains(&said), "{}", untrusted.err);
    let keyless = Run::of(
        project
            .command(&["build", "--yes"])
            .env("ARK_API_KEY", "ark-0123456789")
            .env("GPBUILD_TRUST", project.trust())
            .output()
            .unwrap(),
    );
    assert_eq!(keyless.code, 3, "{}", keyless.err);
    assert!(keyless.err.contains("RELAY_API_KEY"), "{}", keyless.err);
    let seen = server.seen();
    assert_eq!((seen.accepted.len(), seen.wrong), (0, Vec::new()));
    for (from, to, said) in [
        (
            "\"ark\"",
            "\"arc\"",
            "is wrong: it is like none that gpbuild knows: `ark`, `bfl`, ",
        ),
        (
            "like = \"ark\"",
            "like = \"ark\"\nshape = \"images\"",
            "is wrong: what it is `like` says its `shape`",
        ),
        (
            "like = \"ark\"",
            "like = \"ark\"\nkey_variable = \"HOME\"",
            "is wrong: `key_variable` has to end in `_API_KEY`",
        ),
    ] {
        project.write("gpbuild.toml", text.replace(from, to));
        let run = project.run(&["plan"]);
        assert_eq!(run.code, 2);
        let said = format!("error: `[provider.relay]` {said}");
        assert!(run.err.contains(&said), "{}", run.err);
    }
}
