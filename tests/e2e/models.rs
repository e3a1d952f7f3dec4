//! What a project says of models: its own rows in the table, and models that answer no more.

use std::io::{BufRead, BufReader, Cursor, Read, Write};
use std::net::TcpListener;

use image::{ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use crate::project::{Counts, Project, Run};

/// A PNG of one colour, with or without transparency.
fn png(width: u32, height: u32, alpha: bool) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let done = if alpha {
        let picture = RgbaImage::from_pixel(width, height, Rgba([9, 9, 9, 0]));
        picture.write_to(&mut bytes, ImageFormat::Png)
    } else {
        let picture = RgbImage::from_pixel(width, height, Rgb([9, 9, 9]));
        picture.write_to(&mut bytes, ImageFormat::Png)
    };
    done.unwrap();
    bytes.into_inner()
}

/// One paid cover, `a`, of 900x383.
fn paid(model: &str) -> Project {
    Project::new(&format!(
        "[cover.a]\nsize = \"900x383\"\nmodel = \"{model}\"\ntext = {{ headline = \"one\" }}\n"
    ))
}

/// The same, with a picture that was put in its place and locked.
fn locked(model: &str) -> Project {
    let project = paid(model);
    project.write("dist/a.png", png(900, 383, false));
    project.ok(&["accept", "a"]);
    // As if the model had made it: what a person accepted would not give way to other words.
    project.edit("gpbuild.lock", "accepted = true\n", "");
    assert_eq!(project.build(), Counts::fresh(1));
    project
}

fn add(project: &Project, tables: &str) {
    let before = project.text("gpbuild.toml");
    project.write("gpbuild.toml", format!("{before}{tables}"));
}

fn plan(project: &Project) -> Run {
    project.ok(&["plan", "--json"])
}

fn show(project: &Project) -> serde_json::Value {
    project.ok(&["show", "a", "--json"]).json().remove(0)
}

#[test]
fn how_a_provider_is_reached_and_what_may_be_spent_are_in_no_key() {
    let project = locked("openai/gpt-image-2");
    let key = plan(&project).asset("a")["key"].clone();
    add(
        &project,
        r#"
[budget]
run = 1
month = 2
confirm = 0
[provider.openai]
base_url = "https://ours.openai.azure.com"
images_per_minute = 5
[provider.openai.azure]
api_version = "2025-04-01-preview"
deployments = { "gpt-image-2" = "ours" }
"#,
    );
    assert_eq!(plan(&project).asset("a")["key"], key);
    assert_eq!(project.build(), Counts::fresh(1));
}

#[test]
fn only_what_is_asked_for_otherwise_is_in_the_key() {
    let project = paid("openai/gpt-image-2");
    let before = plan(&project).asset("a");
    let manifest = project.text("gpbuild.toml");
    let with = |columns: &str| {
        project.write(
            "gpbuild.toml",
            format!("{manifest}\n[model.\"openai/gpt-image-2\"]\n{columns}\n"),
        );
        plan(&project).asset("a")
    };
    // It costs otherwise, and can do more or less: the request is the same.
    let dear = with(
        "price = { text_in = 10_000_000, image_in = 16_000_000, image_out = 60_000_000 }\nmax_n = 2\nmax_references = 1\nmax_prompt = 9000\nqualities = [\"low\", \"medium\"]\nbackgrounds = [\"opaque\", \"transparent\"]\nnote = \"ours\"",
    );
    assert_eq!(dear["key"], before["key"]);
    let cost = |asset: &serde_json::Value| asset["estimate_usd"].as_f64().unwrap();
    assert!((cost(&dear) - 2.0 * cost(&before)).abs() < 1e-5, "{dear}");
    // Without a rule of tokens nobody knows the price, and it is not 0.
    let free = with("free = true");
    assert_eq!((&free["key"], cost(&free)), (&before["key"], 0.0));
    // Another size is asked for.
    let other = with("sizes = [[1024, 1024], [1536, 1024]]");
    assert_ne!(other["key"], before["key"]);
    assert_eq!(show(&project)["shots"][0]["size"], "1536x1024");
    let quality = with("default_quality = \"low\"");
    assert_ne!(quality["key"], before["key"]);
}

#[test]
fn a_model_that_the_table_does_not_know_is_added() {
    let project = paid("openai/ours");
    let run = project.run(&["plan"]);
    assert_eq!(run.code, 2, "{}", run.err);
    add(
        &project,
        r#"
[model."openai/ours"]
formats = ["png"]
max_n = 1
max_references = 0
sizes = { multiple = 8, min_pixels = 64, max_pixels = 4_000_000, max_edge = 2048, max_ratio = 4 }
"#,
    );
    let planned = plan(&project);
    assert_eq!(planned.asset("a")["estimate_usd"], serde_json::Value::Null);
    let total = planned.json().pop().unwrap();
    assert_eq!(
        (&total["estimate_usd"], &total["requests"]),
        (&serde_json::Value::Null, &1.into())
    );
    assert_eq!(show(&project)["shots"][0]["size"], "920x392");
    assert_eq!(
        project.ok_with_key(&["plan"]).out,
        "make      a  unknown  never made\n\nwould make 1 picture: cost unknown · 1 request\n"
    );
}

#[test]
fn what_is_known_of_a_total_is_told_beside_what_is_not() {
    let project = Project::new(
        "[defaults]\nsize = \"1024x1024\"\ntext = { headline = \"one\" }\nmodel = \"openai/gpt-image-2\"\n[cover.a]\n[cover.b]\nmodel = \"openai/gpt-image-2.6-flare\"\n[cover.c]\nmodel = \"openai/gpt-image-2.6-sunburst\"\n[budget]\nrun = 0.01\n",
    );
    let run = project.ok_with_key(&["plan"]);
    let total = run.out.lines().last().unwrap();
    assert_eq!(
        total,
        "would make 3 pictures: about $0.057, and 2 of unknown price · 3 requests"
    );
    let budget = "that is more than the budget of one run, $0.010\n";
    assert_eq!(run.err, budget);
    // And no less without a key, which blocks them.
    let run = project.ok(&["plan"]);
    let total = run.out.lines().last().unwrap();
    assert_eq!(
        total,
        "nothing to make (3 blocked: about $0.057, and 2 of unknown price · 3 requests)"
    );
    assert_eq!(run.err, budget);
}

const GONE: &str = "`openai/gpt-image-1` answers no more from 2026-10-23 on: write `openai/gpt-image-2` in its place";

#[test]
fn nothing_new_is_asked_of_a_retired_model() {
    let project = paid("openai/gpt-image-1");
    let planned = plan(&project);
    let asset = planned.asset("a");
    assert_eq!(
        (&asset["state"], &asset["reason"], &asset["estimate_usd"]),
        (&"blocked".into(), &GONE.into(), &0.into())
    );
    assert_eq!(planned.json().pop().unwrap()["requests"], 0);
    let built = project.run(&["build", "--json"]);
    assert_eq!((built.code, built.counts()), (3, Counts::blocked(1)));
    assert_eq!(built.asset("a")["reason"], GONE);
    let checked = project.run(&["check"]);
    assert_eq!(checked.code, 2);
    assert_eq!(
        checked.err,
        format!(
            "error: {GONE}\n --> gpbuild.toml:1:8\n  |\n1 | [cover.a]\n  |        ^\n  |\n  = note: in asset `a`\n"
        )
    );
}

#[test]
fn a_lock_full_of_retired_models_is_restored() {
    for model in [
        "openai/dall-e-3",
        "openai/gpt-image-1",
        "openai/gpt-image-1.5",
        "openai/gpt-image-1-mini",
        "openai/chatgpt-image-latest",
    ] {
        let project = locked(model);
        let picture = project.read("dist/a.png");
        // The store is gone: the output is what the lock says.
        assert_eq!(project.fresh_clone().build(), Counts::fresh(1), "{model}");
        project.remove("dist/a.png");
        assert_eq!(project.build(), Counts::restored(1), "{model}");
        assert_eq!(project.read("dist/a.png"), picture, "{model}");
        assert_eq!(project.build(), Counts::fresh(1), "{model}");
    }
    let project = locked("openai/gpt-image-1");
    let checked = project.ok(&["check"]);
    let told = format!(
        "warning: {GONE}\n --> gpbuild.toml:1:8\n  |\n1 | [cover.a]\n  |        ^\n  |\n  = note: in asset `a`\n  = help: its picture is kept; only another one could not be asked for\n"
    );
    assert!(checked.err.contains(&told), "{}", checked.err);
    // Other words would have to be asked for; going back is free.
    project.edit("gpbuild.toml", "one", "two");
    let built = project.run(&["build", "--json"]);
    assert_eq!((built.code, built.counts()), (3, Counts::blocked(1)));
    assert_eq!(built.asset("a")["reason"], GONE);
    project.edit("gpbuild.toml", "two", "one");
    assert_eq!(project.build(), Counts::fresh(1));
}

#[test]
fn a_project_says_itself_when_a_model_ends() {
    let project = locked("openai/gpt-image-2");
    add(
        &project,
        "\n[model.\"openai/gpt-image-2\"]\nretired_on = \"2027-01-01\"\n",
    );
    assert_eq!(project.build(), Counts::fresh(1));
    project.edit("gpbuild.toml", "one", "two");
    assert_eq!(
        plan(&project).asset("a")["reason"],
        "`openai/gpt-image-2` answers no more from 2027-01-01 on: write another model in its place"
    );
    // And one that still answers where this project asks it.
    let project = paid("openai/gpt-image-1.5");
    add(
        &project,
        "\n[model.\"openai/gpt-image-1.5\"]\nretired_on = false\n",
    );
    let planned = project.ok_with_key(&["plan", "--json"]);
    assert_eq!(planned.asset("a")["state"], "make");
}

#[test]
fn a_build_asks_above_what_the_project_says() {
    let project = paid("openai/gpt-image-2");
    add(
        &project,
        "\n[budget]\nconfirm = 0\n[provider.openai]\nbase_url = \"https://gateway.invalid/v1\"\n",
    );
    let run = |more: &[(&str, &str)]| {
        let mut command = project.command(&["build"]);
        command.env("OPENAI_API_KEY", "sk-x");
        command.env("GPBUILD_TRUST", project.trust());
        command.envs(more.iter().copied());
        let output = command.output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, told) = run(&[]);
    assert_eq!(code, Some(4));
    assert_eq!(
        told,
        r"requests go to gateway.invalid
error: 1 request for about $0.026: nobody is there to agree to that
  = help: `--yes` agrees to it, `--max-cost USD` to so much of it
  = help: `confirm` in `[budget]` is 0: nothing is spent without asking
"
    );
    // The environment comes before the manifest.
    let (code, told) = run(&[("OPENAI_BASE_URL", "https://other.invalid/v1")]);
    assert_eq!(code, Some(4));
    assert!(told.starts_with("requests go to other.invalid\n"), "{told}");
}

/// Answers one request with 401, and gives back its first line and its headers.
fn refuse_one(listener: &TcpListener) -> (String, Vec<String>) {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_lowercase());
    }
    let length = lines
        .iter()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap()];
    reader.read_exact(&mut body).unwrap();
    let answer = r#"{"error":{"message":"no","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#;
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
        answer.len()
    )
    .unwrap();
    (lines.remove(0), lines)
}

#[test]
fn azure_is_asked_at_its_own_address_with_its_own_header() {
    for (version, path) in [
        (
            "preview",
            "/openai/v1/images/generations?api-version=preview",
        ),
        (
            "2025-04-01-preview",
            "/openai/deployments/ours/images/generations?api-version=2025-04-01-preview",
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let project = paid("openai/gpt-image-2");
        add(
            &project,
            &format!(
                "\n[provider.openai]\nbase_url = \"http://{address}\"\n[provider.openai.azure]\napi_version = \"{version}\"\ndeployments = {{ \"gpt-image-2\" = \"ours\" }}\n"
            ),
        );
        let server = std::thread::spawn(move || refuse_one(&listener));
        let mut command = project.command(&["build"]);
        command.env("GPBUILD_TRUST", project.trust());
        let output = command.env("OPENAI_API_KEY", "sk-x").output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        let (line, headers) = server.join().unwrap();
        assert_eq!(line, format!("post {path} http/1.1"));
        assert!(headers.contains(&"api-key: sk-x".to_owned()), "{headers:?}");
        assert!(!headers.iter().any(|h| h.starts_with("authorization")));
    }
}
