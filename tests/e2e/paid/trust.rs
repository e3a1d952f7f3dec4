//! A key goes only where its owner says, and a project moves nobody's consent: what a manifest sets of hosts,
//! prices and questions holds once the person agreed, and not before.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::paid::{DEFAULTS, Paid, summary};
use crate::project::{Counts, Project, Run};

/// A project of somebody else, a server that listens for its key, and the person whose key that is.
struct Stranger {
    paid: Paid,
    home: TempDir,
}

impl Stranger {
    /// `BASE` in the manifest is the server's URL.
    fn new(manifest: &str) -> Self {
        let paid = Paid::new("");
        let manifest = manifest.replace("BASE", &paid.server.base_url());
        paid.project.write("gpbuild.toml", manifest);
        Self {
            paid,
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// With the person's key, and nothing that says where it goes.
    fn command(&self, arguments: &[&str]) -> Command {
        self.command_in(&self.paid.project, arguments)
    }

    fn command_in(&self, project: &Project, arguments: &[&str]) -> Command {
        let mut command = project.command(arguments);
        command
            .env("OPENAI_API_KEY", self.paid.server.key())
            .env("GPBUILD_HOME", self.home.path())
            // Whatever is not kept from leaving ends here.
            .env("HTTPS_PROXY", "http://127.0.0.1:9");
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    fn ok(&self, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "gpbuild {arguments:?}\n{}{}", run.out, run.err);
        run
    }

    fn manifest(&self) -> String {
        self.paid.project.text("gpbuild.toml")
    }

    fn digest(&self) -> String {
        let run = self.run(&["trust", "--json"]);
        run.json()[0]["digest"].as_str().unwrap().to_owned()
    }

    /// Builds without anybody's consent: refused before anything is sent.
    #[track_caller]
    fn is_refused(&self, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, 3, "{arguments:?}\n{}{}", run.out, run.err);
        assert_eq!(self.paid.server.stats().arrived, 0, "{}", run.err);
        let told = format!("{}{}", run.out, run.err);
        assert!(told.contains("`GPBUILD_TRUST="), "{told}");
        run
    }
}

/// One paid cover, one that is drawn here, and a host that the project names.
const HOST: &str = "[provider.openai]\nbase_url = \"BASE\"\n[defaults]\nmodel = \"openai/gpt-image-2\"\nquality = \"low\"\nsize = \"800x800\"\n[cover.a]\ntext = { headline = \"one\" }\n[cover.b]\nmodel = \"local\"\nsize = \"40x30\"\ntext = { headline = \"two\" }\n";

#[test]
fn a_strangers_host_gets_no_key() {
    let stranger = Stranger::new(HOST);
    let base = stranger.paid.server.base_url();
    let host = base.split('/').nth(2).unwrap();
    let digest = stranger.digest();
    let run = stranger.is_refused(&["build", "-q"]);
    let expected = format!(
        "warning: `provider.openai.base_url` needs your trust: your key and every request go to {host}
 --> gpbuild.toml:2:12
  |
2 | base_url = \"{base}\"
  |            ^{carets}
error: nothing is asked for: 1 setting of this project needs your trust
  = help: `gpbuild trust` shows them, and remembers that you agree
  = help: where nobody can be asked, `GPBUILD_TRUST={digest}` agrees to exactly these
blocked   a  dist/a.png  (it needs your trust in what this project sets: `gpbuild trust` shows it)
",
        carets = "^".repeat(base.len() + 1),
    );
    assert_eq!(run.err, expected);
    // What costs nothing is made all the same, and needs nobody's word.
    assert_eq!(
        stranger.paid.project.files("dist"),
        ["dist/assets.json", "dist/b.png"]
    );
    for arguments in [
        &["build", "--draft"][..],
        &["build", "b"],
        &["check"],
        &["show", "a"],
        &["why", "a"],
    ] {
        let run = stranger.ok(arguments);
        assert!(!run.err.contains("trust"), "{arguments:?} {}", run.err);
    }
    let asset = stranger.ok(&["plan", "--json"]).asset("a");
    assert_eq!(
        (&asset["state"], &asset["reason"]),
        (
            &"blocked".into(),
            &"it needs your trust in what this project sets: `gpbuild trust` shows it".into()
        )
    );
    assert!(asset["estimate_usd"].as_f64().unwrap() > 0.0, "{asset}");
    let planned = stranger.ok(&["plan"]);
    let expected = format!(
        "1 request would go to {host}; what this project sets needs your trust first: `gpbuild trust` shows it\n"
    );
    assert_eq!(planned.err, expected);
    // Agreeing to the cost is not agreeing to the host.
    stranger.is_refused(&["build", "--yes"]);
    stranger.is_refused(&["build", "--max-cost", "5", "--json"]);
    stranger.is_refused(&["build", "--retry-in-doubt", "--force"]);
}

#[test]
fn what_was_agreed_to_is_remembered_as_long_as_it_stays_the_same() {
    let stranger = Stranger::new(HOST);
    let base = stranger.paid.server.base_url();
    let host = base.split('/').nth(2).unwrap();
    let digest = stranger.digest();
    let shown = stranger.run(&["trust"]);
    assert_eq!(shown.code, 3);
    assert_eq!(
        shown.out,
        format!(
            "provider.openai.base_url = \"{base}\"\n  gpbuild.toml:2: your key and every request go to {host}\ndigest {digest}\n"
        )
    );
    assert_eq!(
        shown.err,
        format!(
            "error: nobody is there to agree to that\n  = help: `gpbuild trust --yes` agrees, and remembers it for the project in this folder\n  = help: `GPBUILD_TRUST={digest}` agrees for as long as it is set\n"
        )
    );
    stranger.is_refused(&["build"]);
    let agreed = stranger.ok(&["trust", "--yes"]);
    assert_eq!(
        agreed.err,
        "remembered for the project in this folder, until one of these settings changes\n"
    );
    let planned = stranger.ok(&["plan"]);
    assert_eq!(planned.err, format!("1 request would go to {host}\n"));
    stranger.ok(&["build"]);
    assert_eq!(stranger.paid.accepted(), 1);
    // Comments, spaces and order are not settings; neither is what the pictures show.
    let manifest = stranger.manifest();
    let (table, rest) = manifest.split_once("[defaults]").unwrap();
    let moved = format!(
        "[defaults]{}\n# {table}\n[ provider . openai ]\nimages_per_minute = 60\n  'base_url'='{base}' # ours\n",
        rest.replace("one", "another").replace("# [", "#[")
    )
    .replace("# [provider.openai]\nbase_url", "# [provider.openai]\n# base_url");
    stranger.paid.project.write("gpbuild.toml", &moved);
    stranger.ok(&["build"]);
    assert_eq!(stranger.paid.accepted(), 2);
    // Another place on the same host is another setting.
    for (from, to) in [("/v1'", "/v2'"), ("127.0.0.1", "localhost")] {
        let changed = moved.replace(from, to).replace("another", from);
        assert_ne!(changed, moved);
        stranger.paid.project.write("gpbuild.toml", changed);
        let run = stranger.run(&["build"]);
        assert_eq!((run.code, stranger.paid.accepted()), (3, 2), "{}", run.err);
    }
    stranger
        .paid
        .project
        .write("gpbuild.toml", moved.replace("another", "third"));
    let folder = std::fs::canonicalize(stranger.paid.project.root()).unwrap();
    let listed = stranger.ok(&["trust", "--list"]);
    // Wherever they stand: their own folder lies in this one, as it does in a home.
    let above = std::fs::canonicalize(stranger.home.path().parent().unwrap()).unwrap();
    let mut command = stranger.command(&["trust", "--list"]);
    let from_above = Run::of(command.current_dir(above).output().unwrap());
    assert_eq!(
        (from_above.out.as_str(), from_above.err.as_str()),
        (listed.out.as_str(), "")
    );
    let entry = format!(
        "{}\n  provider.openai.base_url = \"{base}\"\n",
        folder.display()
    );
    assert_eq!(listed.out, entry);
    // A second project with the very same settings was not agreed to.
    let copy = stranger.paid.project.fresh_clone();
    let run = Run::of(stranger.command_in(&copy, &["build"]).output().unwrap());
    assert_eq!((run.code, stranger.paid.accepted()), (3, 2), "{}", run.err);
    let forgot = stranger.ok(&["trust", "--forget"]);
    assert_eq!(
        forgot.err,
        "took back 1 agreement for the project in this folder\n"
    );
    let run = stranger.run(&["build"]);
    assert_eq!((run.code, stranger.paid.accepted()), (3, 2), "{}", run.err);
    assert_eq!(
        stranger.ok(&["trust", "--list"]).err,
        "you agreed to nothing yet\n"
    );
}

#[test]
fn the_environment_agrees_by_the_digest() {
    let stranger = Stranger::new(HOST);
    let digest = stranger.digest();
    let with = |value: &str| {
        let mut command = stranger.command(&["build"]);
        Run::of(command.env("GPBUILD_TRUST", value).output().unwrap())
    };
    for value in [
        "1",
        "yes",
        "*",
        &digest[..63],
        &digest.to_uppercase(),
        &"0".repeat(64),
    ] {
        let run = with(value);
        assert_eq!(
            (run.code, stranger.paid.server.stats().arrived),
            (3, 0),
            "{value}"
        );
        assert!(
            run.err.contains("`GPBUILD_TRUST` is set to something else: what it was set for is not what this project sets"),
            "{}",
            run.err
        );
    }
    let run = with(&format!("{}, {digest}", "0".repeat(64)));
    assert_eq!((run.code, stranger.paid.accepted()), (0, 1), "{}", run.err);
}

#[test]
fn the_environment_names_a_host_by_itself() {
    let stranger = Stranger::new(&HOST.replace("BASE", "https://gateway.invalid/v1"));
    let mut command = stranger.command(&["build"]);
    command.env("OPENAI_BASE_URL", stranger.paid.server.base_url());
    let run = Run::of(command.output().unwrap());
    assert_eq!((run.code, stranger.paid.accepted()), (0, 1), "{}", run.err);
    // The rest of what the project sets is not the environment's word.
    let manifest =
        stranger.manifest().replace("one", "two") + "[model.\"openai/gpt-image-2\"]\nfree = true\n";
    stranger.paid.project.write("gpbuild.toml", manifest);
    let mut command = stranger.command(&["build"]);
    command.env("OPENAI_BASE_URL", stranger.paid.server.base_url());
    let run = Run::of(command.output().unwrap());
    assert_eq!((run.code, stranger.paid.accepted()), (3, 1), "{}", run.err);
}

#[test]
fn a_host_that_only_looks_like_openais_is_another() {
    for (base, host) in [
        (
            "https://api.openai.com.evil.invalid/v1",
            "api.openai.com.evil.invalid",
        ),
        ("https://api.openai.com./v1", "api.openai.com."),
        ("https://api.openai.com:8443/v1", "api.openai.com:8443"),
        ("https://evil.invalid/api.openai.com/v1", "evil.invalid"),
        (
            "https:\\\\\\\\evil.invalid\\\\@api.openai.com/v1",
            "evil.invalid",
        ),
        ("https://\u{430}pi.openai.com/v1", "xn--pi-6kc.openai.com"),
        ("https://ours.openai.azure.com", "ours.openai.azure.com"),
        ("http://127.0.0.1:9/v1", "127.0.0.1:9"),
        ("http://localhost:9/v1", "localhost:9"),
    ] {
        let stranger = Stranger::new(&HOST.replace("BASE", base));
        let run = stranger.is_refused(&["build"]);
        let told = format!("your key and every request go to {host}\n");
        assert!(run.err.contains(&told), "{base}\n{}", run.err);
    }
    // Not even with a user in front of it.
    let stranger = Stranger::new(&HOST.replace("BASE", "https://api.openai.com@evil.invalid/v1"));
    assert_eq!(stranger.run(&["build"]).code, 2);
    for base in [
        "https://API.OpenAI.com/v1",
        "https://api.openai.com:443/v1/",
    ] {
        let stranger = Stranger::new(&HOST.replace("BASE", base));
        let run = stranger.ok(&["trust"]);
        assert_eq!(
            run.err, "this project sets nothing that needs your trust\n",
            "{base}"
        );
    }
}

/// Thirty pictures of eight cents.
fn thirty(tables: &str) -> String {
    let mut manifest = format!("{tables}{}", DEFAULTS.replace("low", "high"));
    for n in 10..40 {
        manifest += &format!("[cover.a{n}]\ntext = {{ headline = \"{n}\" }}\n");
    }
    manifest
}

/// The same, where the environment names the host: only the price is the project's.
fn priced(tables: &str, arguments: &[&str]) -> (Stranger, Run) {
    let stranger = Stranger::new(&thirty(tables));
    let mut command = stranger.command(arguments);
    command.env("OPENAI_BASE_URL", stranger.paid.server.base_url());
    let run = Run::of(command.output().unwrap());
    (stranger, run)
}

#[test]
fn a_project_does_not_say_what_the_person_pays() {
    let zero = "price = { text_in = 0, image_in = 0, image_out = 0 }\n";
    let own = "formats = [\"png\"]\nmax_n = 1\nmax_references = 0\nsizes = \"any\"\n";
    let two = "[model.\"openai/gpt-image-2\"]\n";
    let flare = "[model.\"openai/gpt-image-2.6-flare\"]\n";
    let one_token = "tokens = { low = 1, medium = 1, high = 1 }\n";
    for (tables, name, value) in [
        (format!("{two}free = true\n"), "free", "true"),
        (
            format!("{two}{zero}"),
            "price",
            "{ text_in = 0, image_in = 0, image_out = 0 }",
        ),
        (
            format!("{two}{one_token}"),
            "tokens",
            "{ \"high\" = 1, \"low\" = 1, \"medium\" = 1 }",
        ),
        (
            format!("{flare}{one_token}"),
            "tokens",
            "{ \"high\" = 1, \"low\" = 1, \"medium\" = 1 }",
        ),
        (
            format!("{flare}free = true\nretired_on = false\nqualities = [\"medium\", \"high\"]\n"),
            "free",
            "true",
        ),
        (
            format!("[model.\"openai/gpt-image-3\"]\n{own}free = true\n"),
            "free",
            "true",
        ),
        (
            format!("[model.\"openai/gpt-image-3\"]\n{own}{zero}"),
            "price",
            "{ text_in = 0, image_in = 0, image_out = 0 }",
        ),
        (
            format!("{two}[model.\"openai/gpt-image-2\".params]\ncolour = [\"dear\"]\n"),
            "params",
            "{ \"colour\" = [\"dear\"] }",
        ),
    ] {
        for arguments in [
            &["build", "--max-cost", "0.01"][..],
            &["build", "--yes", "-q"],
            &["build"],
        ] {
            let (stranger, run) = priced(&tables, arguments);
            assert_eq!(run.code, 3, "{tables}{}{}", run.out, run.err);
            assert_eq!(stranger.paid.server.stats().arrived, 0, "{tables}");
            let settings = stranger.run(&["trust"]).out;
            let line = format!(".{name} = {value}\n");
            assert!(settings.contains(&line), "{settings}");
        }
    }
    // Where somebody agreed, the project's price is what counts.
    let (stranger, _) = priced(&format!("{two}free = true\n"), &["trust", "--yes"]);
    let mut command = stranger.command(&["build", "a10", "--max-cost", "0.01"]);
    command.env("OPENAI_BASE_URL", stranger.paid.server.base_url());
    let run = Run::of(command.output().unwrap());
    assert_eq!((run.code, stranger.paid.accepted()), (0, 1), "{}", run.err);
    // What changes no estimate, or says what is known anyway, is the project's own.
    let same = "price = { text_in = 5_000_000, image_in = 8_000_000, image_out = 30_000_000 }\ntokens = { low = 16, medium = 48, high = 96 }\nfree = false\n";
    let harmless =
        "max_n = 2\nmax_references = 1\nmax_prompt = 9000\nnote = \"ours\"\nretired_on = false\n";
    let own = format!("[model.\"openai/gpt-image-3\"]\n{own}");
    let tables = format!(
        "{two}{same}{harmless}{own}[provider.openai]\nimages_per_minute = 600\n[budget]\nrun = 1\nmonth = 9\nconfirm = 1\n[profile.x.defaults]\nquality = \"low\"\n"
    );
    let (_, run) = priced(&tables, &["trust"]);
    assert_eq!(
        (run.code, run.err.as_str()),
        (0, "this project sets nothing that needs your trust\n")
    );
}

#[test]
fn very_many_settings_are_all_shown_and_told_in_short() {
    let mut manifest = HOST.to_owned();
    for n in 1000..3000 {
        manifest += &format!(
            "[model.\"openai/m{n}\"]\nformats = [\"png\"]\nmax_n = 1\nmax_references = 0\nsizes = \"any\"\nfree = true\n"
        );
    }
    let stranger = Stranger::new(&manifest);
    let run = stranger.is_refused(&["build"]);
    assert_eq!(run.err.matches("needs your trust: ").count(), 10);
    let told = "error: nothing is asked for: 2001 settings of this project need your trust\n";
    assert!(run.err.contains(told), "{}", run.err);
    let shown = stranger.run(&["trust"]).out;
    assert_eq!(shown.lines().count(), 2 * 2001 + 1);
    let last = "model.\"openai/m2999\".free = true\n  gpbuild.toml:12012: estimates, budgets and `--max-cost` reckon with it; the bill may be another\n";
    assert!(shown.contains(last), "{shown}");
}

#[test]
fn no_parameter_asks_for_more_than_was_planned() {
    for (rule, param, told) in [
        (
            "n = [1, 10]",
            "n = 10",
            "`candidates = 4` asks for four pictures",
        ),
        (
            "model = \"text\"",
            "model = \"gpt-image-dear\"",
            "set it on the asset, beside `params`: then it is checked",
        ),
        (
            "size = \"text\"",
            "size = \"3840x2160\"",
            "set it on the asset, beside `params`: then it is checked",
        ),
    ] {
        let stranger = Stranger::new(&format!(
            "[model.\"openai/gpt-image-2\".params]\n{rule}\n{DEFAULTS}params = {{ {param} }}\n[cover.a]\ntext = {{ headline = \"one\" }}\n"
        ));
        let run = stranger.run(&["build", "--yes"]);
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(
            run.err.contains("is not for `params`") && run.err.contains(told),
            "{}",
            run.err
        );
    }
}

#[test]
fn azures_table_is_not_the_projects_own() {
    let azure = "[provider.openai.azure]\napi_version = \"preview\"\ndeployments = { \"gpt-image-2\" = \"the-dear-one\" }\n";
    let stranger = Stranger::new(&format!("{HOST}{azure}"));
    let mut command = stranger.command(&["build"]);
    command.env("OPENAI_BASE_URL", stranger.paid.server.base_url());
    let run = Run::of(command.output().unwrap());
    assert_eq!(
        (run.code, stranger.paid.server.stats().arrived),
        (3, 0),
        "{}",
        run.err
    );
    let settings = stranger.run(&["trust"]).out;
    let line = "provider.openai.azure = { api_version = \"preview\", deployments = { \"gpt-image-2\" = \"the-dear-one\" } }\n  gpbuild.toml:13: it says how your key is sent, and which deployment is asked and billed\n";
    assert!(settings.contains(line), "{settings}");
}

#[test]
fn a_project_asks_the_person_before_it_spends_more_than_a_dollar() {
    let mut manifest = format!("[budget]\nconfirm = 1000\n{DEFAULTS}");
    for n in 100..300 {
        manifest += &format!("[cover.a{n}]\ntext = {{ headline = \"{n}\" }}\n");
    }
    let stranger = Stranger::new(&manifest);
    let with = |arguments: &[&str]| {
        let mut command = stranger.command(arguments);
        command.env("OPENAI_BASE_URL", stranger.paid.server.base_url());
        Run::of(command.output().unwrap())
    };
    for arguments in [&["build", "-q"][..], &["build"], &["build", "a100"]] {
        let run = with(arguments);
        assert_eq!(
            (run.code, stranger.paid.server.stats().arrived),
            (3, 0),
            "{}",
            run.err
        );
    }
    let told = "warning: `budget.confirm` needs your trust: a run spends up to $1000 without asking you\n --> gpbuild.toml:2:1\n  |\n2 | confirm = 1000\n  | ^^^^^^^\n";
    assert!(with(&["build"]).err.contains(told));
    // Somebody who says what it may cost is not asked above any sum: nothing hangs on the project's word.
    let run = with(&["build", "a100", "--max-cost", "0.02"]);
    assert_eq!((run.code, stranger.paid.accepted()), (0, 1), "{}", run.err);
    // A person's own word comes before it.
    let config = stranger.home.path().join("config.toml");
    std::fs::write(&config, "confirm = 0.01\n").unwrap();
    let run = with(&["build"]);
    assert_eq!((run.code, stranger.paid.accepted()), (4, 1), "{}", run.err);
    let told = format!(
        ": nobody is there to agree to that\n  = help: `--yes` agrees to it, `--max-cost USD` to so much of it\n  = help: without asking, a run spends at most $0.010: `confirm` in `{}` moves that\n",
        config.display()
    );
    assert!(run.err.ends_with(&told), "{}", run.err);
    // Agreed to, the smaller one still holds.
    with(&["trust", "--yes"]);
    assert_eq!(with(&["build"]).code, 4);
    std::fs::remove_file(config).unwrap();
    let run = with(&["build", "a10?"]);
    assert_eq!((run.code, stranger.paid.accepted()), (0, 10), "{}", run.err);
}

#[test]
fn a_persons_own_limits_hold_in_every_project() {
    let stranger = Stranger::new(&thirty("[budget]\nconfirm = 0.50\nrun = 5\nmonth = 5\n"));
    let config = stranger.home.path().join("config.toml");
    let base = stranger.paid.server.base_url();
    let with = |project: &Project, config_text: &str, arguments: &[&str]| {
        std::fs::write(&config, config_text).unwrap();
        let mut command = stranger.command_in(project, arguments);
        Run::of(command.env("OPENAI_BASE_URL", &base).output().unwrap())
    };
    let project = &stranger.paid.project;
    let planned = with(project, "run = 0.2\n", &["plan"]);
    assert!(
        planned.err.starts_with("that is more than your own budget of one run, $0.200\n30 requests would go to 127.0.0.1:"),
        "{}",
        planned.err
    );
    for (config_text, name) in [
        ("run = 0.2\n", "your own budget of one run"),
        // What other projects cost this person counts too.
        (
            "month = 0.5\n",
            "your own budget of this month, for all projects",
        ),
    ] {
        let before = stranger.paid.accepted();
        let run = with(project, config_text, &["build", "--yes", "--json"]);
        assert_eq!(run.code, 4, "{}", run.err);
        assert!(stranger.paid.accepted() > before, "{}{}", run.out, run.err);
        let limit = if name.contains("month") {
            "$0.500"
        } else {
            "$0.200"
        };
        let blocked = run
            .json()
            .into_iter()
            .find(|e| e["state"] == "blocked")
            .unwrap();
        let reason = blocked["reason"].as_str().unwrap();
        assert!(
            reason.starts_with(&format!("it was not asked for: it would pass {name}: $0."))
                && reason.ends_with(&format!(" of {limit} is left")),
            "{reason}"
        );
    }
    assert!(stranger.paid.server.stats().bill_micros <= 500_000);
    let other = Project::new(&thirty("").replace("headline = \"", "headline = \"other "));
    let before = stranger.paid.accepted();
    let run = with(&other, "month = 0.5\n", &["build", "--yes"]);
    assert_eq!(
        (run.code, stranger.paid.accepted()),
        (4, before),
        "{}",
        run.err
    );
    // A person may let more pass than is built in; a project may still let less.
    let run = with(&other, "confirm = 100\n", &["plan"]);
    assert_eq!(run.code, 0);
    let run = with(project, "confirm = 100\n", &["build"]);
    assert_eq!(
        (run.code, stranger.paid.accepted()),
        (4, before),
        "{}",
        run.err
    );
    assert!(
        run.err
            .contains("at most $0.500: `confirm` in `[budget]` moves that"),
        "{}",
        run.err
    );
    let run = with(&other, "confirm = 100\n", &["build"]);
    assert_eq!(
        (run.code, stranger.paid.accepted()),
        (0, before + 30),
        "{}",
        run.err
    );
}

#[test]
fn a_mistake_in_the_persons_own_file_is_told_at_its_place() {
    let stranger = Stranger::new(&HOST.replace("BASE", "https://api.openai.com/v1"));
    let config = stranger.home.path().join("config.toml");
    std::fs::write(&config, "confrim = 2\nrun = \"5\"\n").unwrap();
    let file = config.display();
    for arguments in [&["build"][..], &["plan"]] {
        let run = stranger.run(arguments);
        assert_eq!(run.code, 2);
        assert_eq!(
            run.err,
            format!(
                "error: `run` must be an amount in US dollars, such as `2.00`, with at most six decimals
 --> {file}:2:7
  |
2 | run = \"5\"
  |       ^^^ this is a string

error: unknown key `confrim`
 --> {file}:1:1
  |
1 | confrim = 2
  | ^^^^^^^
  |
  = help: did you mean `confirm`?
"
            )
        );
    }
    // Nothing that costs nothing reads it.
    assert_eq!(stranger.run(&["build", "--draft"]).code, 0);
}

#[test]
fn a_project_brings_neither_consent_nor_limits_of_its_own() {
    // As if the person's folder were one of the project: what lies there is the project's word.
    let stranger = Stranger::new(&format!("[budget]\nconfirm = 1000\n{}", thirty("")));
    let base = stranger.paid.server.base_url();
    let project = &stranger.paid.project;
    let with = |arguments: &[&str]| {
        let mut command = stranger.command(arguments);
        command
            .env("GPBUILD_HOME", ".gpbuild")
            .env("OPENAI_BASE_URL", &base);
        Run::of(command.output().unwrap())
    };
    let digest = stranger.digest();
    let agreed = with(&["trust", "--yes"]);
    assert_eq!(agreed.code, 3);
    assert_eq!(
        agreed.err,
        format!(
            "error: there is no folder outside of the project to remember that in\n  = help: `GPBUILD_TRUST={digest}` agrees to it\n  = help: `GPBUILD_HOME` names a folder for what is yours\n"
        )
    );
    // The very file that a person's own consent would be.
    stranger.ok(&["trust", "--yes"]);
    let folder = stranger.home.path().join("trust");
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        project.write(
            &format!(".gpbuild/trust/{name}"),
            std::fs::read(entry.path()).unwrap(),
        );
    }
    assert_eq!(with(&["build"]).code, 3);
    project.write(".gpbuild/config.toml", "confirm = 1000\n");
    project.edit("gpbuild.toml", "confirm = 1000", "");
    let run = with(&["build"]);
    assert_eq!(
        (run.code, stranger.paid.server.stats().arrived),
        (4, 0),
        "{}",
        run.err
    );
    #[cfg(unix)]
    {
        let secret = stranger.home.path().join("secret");
        std::fs::write(&secret, "canary = 1\n").unwrap();
        project.remove(".gpbuild/config.toml");
        std::os::unix::fs::symlink(&secret, project.path(".gpbuild/config.toml")).unwrap();
        let run = with(&["build"]);
        assert_eq!(run.code, 2);
        assert!(!run.err.contains("canary"), "{}", run.err);
        assert!(
            run.err.contains("is a symbolic link out of the project"),
            "{}",
            run.err
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_the_person_is_asked_once() {
    use crate::terminal::at_terminal;
    let stranger = Stranger::new(HOST);
    let host = stranger.paid.server.base_url();
    let host = host.split('/').nth(2).unwrap();
    let question = format!(
        "your key and every request go to {host}; trust this project with `provider.openai.base_url`? [y/N] "
    );
    for (answer, arguments) in [
        ("n\n", &["build"][..]),
        ("\n", &["build", "--yes"]),
        ("n\n", &["build", "-qq"]),
    ] {
        let (code, shown) = at_terminal(stranger.command(arguments), answer);
        assert_eq!(
            (code, stranger.paid.server.stats().arrived),
            (3, 0),
            "{shown}"
        );
        assert!(shown.contains(&question), "{shown}");
    }
    let (code, shown) = at_terminal(stranger.command(&["build"]), "y\n");
    assert_eq!((code, stranger.paid.accepted()), (0, 1), "{shown}");
    stranger.paid.project.edit("gpbuild.toml", "one", "three");
    let (code, shown) = at_terminal(stranger.command(&["build"]), "");
    assert_eq!((code, stranger.paid.accepted()), (0, 2), "{shown}");
    assert!(!shown.contains("trust"), "{shown}");
    // The same with the command.
    stranger.ok(&["trust", "--forget"]);
    let (code, shown) = at_terminal(stranger.command(&["trust"]), "no\n");
    assert_eq!(code, 3);
    assert!(
        shown.ends_with("error: nothing was agreed to: gpbuild asks for no picture here\n"),
        "{shown}"
    );
    let (code, shown) = at_terminal(stranger.command(&["trust"]), "y\n");
    assert_eq!(code, 0, "{shown}");
    let (code, shown) = at_terminal(stranger.command(&["trust"]), "");
    assert_eq!(code, 0);
    assert_eq!(shown, "you agreed to that; `--forget` takes it back\n");
}

/// Counts what connects, remembers what it says, and answers all with a refusal.
fn recording() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let tell = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut said = String::new();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            while lines.read_line(&mut said).is_ok_and(|read| read > 2) {}
            tell.lock().unwrap().push(said);
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
        }
    });
    (port, heard)
}

#[test]
fn no_proxy_sees_a_key() {
    let (port, heard) = recording();
    let proxy = format!("http://127.0.0.1:{port}");
    let through = |paid: &Paid, base: &str| {
        let mut command = paid.command(&["build", "--yes"]);
        for name in [
            "http_proxy",
            "HTTP_PROXY",
            "https_proxy",
            "HTTPS_PROXY",
            "all_proxy",
            "ALL_PROXY",
        ] {
            command.env(name, &proxy);
        }
        command.env("NO_PROXY", "").env("OPENAI_BASE_URL", base);
        Run::of(command.output().unwrap())
    };
    // On this machine nothing stands between.
    for name in ["127.0.0.1", "localhost"] {
        let paid = Paid::one();
        let base = paid.server.base_url().replace("127.0.0.1", name);
        let run = through(&paid, &base);
        assert_eq!((run.code, paid.accepted()), (0, 1), "{}", run.err);
    }
    assert_eq!(*heard.lock().unwrap(), [""; 0]);
    // To others, a proxy is told the name of the host.
    let paid = Paid::one();
    let run = through(&paid, "https://gateway.invalid/v1");
    assert_eq!(run.code, 3, "{}", run.err);
    let heard = heard.lock().unwrap();
    assert!(!heard.is_empty());
    for said in heard.iter() {
        assert!(
            said.starts_with("CONNECT gateway.invalid:443 HTTP/1.1\r\n"),
            "{said}"
        );
        let lower = said.to_lowercase();
        assert!(
            !said.contains(paid.server.key()) && !lower.contains("\r\nauthorization"),
            "{said}"
        );
    }
}

/// A watch with its page, ended with the test.
struct Watching(Child);

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A watch with its page: the process, the page's host, and the token in its path.
fn watching(stranger: &Stranger) -> (Watching, String, String) {
    let mut child = stranger
        .command(&["watch", "--port", "0"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let watching = Watching(child);
    let url = lines
        .find_map(|line| Some(line.unwrap().strip_prefix("page: ")?.to_owned()))
        .unwrap();
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    let mut parts = url.split('/');
    let (host, token) = (parts.nth(2).unwrap(), parts.next().unwrap());
    (watching, host.to_owned(), token.to_owned())
}

#[test]
fn the_page_pays_for_nothing_that_nobody_agreed_to() {
    let stranger = Stranger::new(HOST);
    let (_watching, host, token) = watching(&stranger);
    let body = r#"{"ids":["a"],"price":1000000,"confirmed":true}"#;
    let mut stream = TcpStream::connect(&host).unwrap();
    write!(
        stream,
        "POST /{token}/make HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 409 "), "{answer}");
    let why = r#"{"error":"`a`: it needs your trust in what this project sets: `gpbuild trust` shows it"}"#;
    assert!(answer.ends_with(why), "{answer}");
    assert_eq!(stranger.paid.server.stats().arrived, 0);
}

#[test]
fn the_page_says_why_it_is_blocked_and_hears_that_somebody_agreed() {
    let stranger = Stranger::new(HOST);
    let (_watching, host, token) = watching(&stranger);
    let mut stream = TcpStream::connect(&host).unwrap();
    write!(
        stream,
        "GET /{token}/events HTTP/1.1\r\nhost: {host}\r\n\r\n"
    )
    .unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut row_of_a = |state: &str| {
        let state = format!("\"state\":\"{state}\"");
        lines
            .by_ref()
            .map(Result::unwrap)
            .filter_map(|line| {
                let at = line.find("\"id\":\"a\",\"manifest\"")?;
                let end = line[at..].find("\"to_do\"")?;
                Some(line[at..at + end].to_owned())
            })
            .find(|row| row.contains(&state))
            .unwrap()
    };
    let row = row_of_a("blocked");
    let why =
        "\"reason\":\"it needs your trust in what this project sets: `gpbuild trust` shows it\"";
    assert!(row.contains(why), "{row}");
    stranger.ok(&["trust", "--yes"]);
    let row = row_of_a("draft");
    assert!(row.contains("\"reason\":\"never made\""), "{row}");
    assert_eq!(stranger.paid.server.stats().arrived, 0);
}

#[test]
fn watching_pays_for_nothing_that_nobody_agreed_to() {
    let stranger = Stranger::new(HOST);
    let mut child = stranger
        .command(&["watch", "--paid", "--json", "--max-cost", "5"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let _watching = Watching(child);
    let mut seen = String::new();
    for line in lines.map_while(Result::ok) {
        seen += &line;
        seen.push('\n');
        if line.contains("\"event\":\"summary\"") {
            break;
        }
    }
    let run = Run {
        code: 0,
        out: seen,
        err: String::new(),
    };
    assert_eq!(
        run.counts(),
        Counts {
            made: 1,
            blocked: 1,
            ..Counts::default()
        }
    );
    assert_eq!(summary(&run)["requests"], 0);
    assert_eq!(stranger.paid.server.stats().arrived, 0);
}
