//! Every provider of the built-in table that is asked by columns, against a server that speaks as it does: what is asked
//! for and at what price, what is collected after a kill, what its refusals mean, and that its key goes nowhere else.

mod refusals;
mod tickets;

use std::path::Path;
use std::process::Command;

use api_server::{Behaviour, PROTOCOLS, Protocol, ProviderServer};
use serde_json::Value;

use crate::paid::{micros, summary};
use crate::project::{Project, Run};

/// A provider as it is asked here.
struct Case {
    name: &'static str,
    model: &'static str,
    size: &'static str,
    /// The variables with its key.
    variables: &'static [&'static str],
    /// Who draws from pictures: this model, another one, or none.
    edits: Option<&'static str>,
    /// Its requests are answered with tickets.
    has_tickets: bool,
}

const CASES: [Case; 13] = [
    Case {
        name: "ark",
        model: "doubao-seedream-5-0-pro-260628",
        size: "1024x1024",
        variables: &["ARK_API_KEY"],
        edits: Some("doubao-seedream-5-0-pro-260628"),
        has_tickets: false,
    },
    Case {
        name: "bfl",
        model: "flux-2-pro",
        size: "128x96",
        variables: &["BFL_API_KEY"],
        edits: Some("flux-2-pro"),
        has_tickets: true,
    },
    Case {
        name: "dashscope",
        model: "qwen-image-3.0",
        size: "512x512",
        variables: &["DASHSCOPE_API_KEY"],
        edits: Some("qwen-image-3.0"),
        has_tickets: true,
    },
    Case {
        name: "fal",
        model: "fal-ai/flux-2-pro",
        size: "128x96",
        variables: &["FAL_KEY"],
        edits: Some("fal-ai/flux-2-pro"),
        has_tickets: true,
    },
    Case {
        name: "kling",
        model: "kling-v3",
        size: "1024x1024",
        variables: &["KLING_ACCESS_KEY", "KLING_SECRET_KEY"],
        edits: Some("kling-v3"),
        has_tickets: true,
    },
    Case {
        name: "minimax",
        model: "image-01",
        size: "512x512",
        variables: &["MINIMAX_API_KEY"],
        edits: Some("image-01"),
        has_tickets: false,
    },
    Case {
        name: "openrouter",
        model: "qwen/qwen-image-3",
        size: "512x512",
        variables: &["OPENROUTER_API_KEY"],
        edits: Some("qwen/qwen-image-3"),
        has_tickets: false,
    },
    Case {
        name: "replicate",
        model: "black-forest-labs/flux-2-pro",
        size: "128x96",
        variables: &["REPLICATE_API_TOKEN"],
        edits: Some("black-forest-labs/flux-2-pro"),
        has_tickets: true,
    },
    Case {
        name: "siliconflow",
        model: "Kwai-Kolors/Kolors",
        size: "720x1280",
        variables: &["SILICONFLOW_API_KEY"],
        edits: Some("Kwai-Kolors/Kolors"),
        has_tickets: false,
    },
    Case {
        name: "siliconflow",
        model: "Qwen/Qwen-Image",
        size: "1664x928",
        variables: &["SILICONFLOW_API_KEY"],
        edits: Some("Qwen/Qwen-Image-Edit"),
        has_tickets: false,
    },
    Case {
        name: "together",
        model: "black-forest-labs/FLUX.2-pro",
        size: "128x96",
        variables: &["TOGETHER_API_KEY"],
        edits: Some("black-forest-labs/FLUX.2-pro"),
        has_tickets: false,
    },
    Case {
        name: "zhipu",
        model: "glm-image",
        size: "1024x1024",
        variables: &["ZAI_API_KEY"],
        edits: None,
        has_tickets: true,
    },
    Case {
        name: "zhipu",
        model: "cogview-4-250304",
        size: "512x512",
        variables: &["ZHIPUAI_API_KEY"],
        edits: None,
        has_tickets: false,
    },
];

impl Case {
    /// A cover, one that draws from it and one that is drawn over, two slides that go together, each as far as it can; and
    /// how many requests that is.
    fn all(&self) -> (String, usize) {
        let slides = "[[carousel.s.slide]]\ntext = { headline = \"page 1\" }\n\
                      [[carousel.s.slide]]\ntext = { headline = \"page 2\" }\n";
        let from = "references = [{ asset = \"a\" }]\ntext = { headline = \"two\" }\n";
        match self.edits {
            None => (format!("[carousel.s]\n{slides}"), 3),
            Some(other) if other != self.model => {
                let model = format!("model = \"{}/{other}\"\n", self.name);
                (format!("[cover.b]\n{model}{from}[carousel.s]\n{slides}"), 4)
            }
            Some(_) => {
                let edit = "[cover.c]\ntext = { headline = \"three\" }\n\
                            [[cover.c.edit]]\nchange = \"make it night\"\n";
                let series = "[carousel.s]\nseries = \"first\"\n";
                (format!("[cover.b]\n{from}{edit}{series}{slides}"), 6)
            }
        }
    }
}

/// A project, the provider that it asks, and the person's own folder.
struct Asked {
    case: &'static Case,
    protocol: &'static Protocol,
    project: Project,
    home: tempfile::TempDir,
    server: ProviderServer,
}

impl Asked {
    /// One cover, `a`, and more.
    fn new(case: &'static Case, more: &str, behaviour: Behaviour) -> Self {
        let mut protocols = PROTOCOLS.iter();
        let protocol = protocols
            .find(|protocol| protocol.name == case.name)
            .unwrap();
        let mut manifest = format!(
            "[defaults]\nmodel = \"{}/{}\"\nsize = \"{}\"\n",
            case.name, case.model, case.size
        );
        let takes_few_words = case.name == "minimax";
        if takes_few_words {
            manifest += "template = \"short\"\n";
        }
        manifest += &format!("[cover.a]\ntext = {{ headline = \"one\" }}\n{more}");
        let project = Project::new(&manifest);
        if takes_few_words {
            let prompt = "A sign that says \"{{ text.headline }}\".";
            project.write("templates/short.prompt", prompt);
        }
        Self {
            case,
            protocol,
            project,
            home: tempfile::tempdir().unwrap(),
            server: ProviderServer::start(protocol, behaviour),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(&self.project, self.home.path(), arguments)
    }

    /// Of another project, or person.
    fn command_of(&self, project: &Project, home: &Path, arguments: &[&str]) -> Command {
        let mut command = project.command(arguments);
        let place = format!("{}_BASE_URL", self.case.name.to_uppercase());
        command
            .env("GPBUILD_HOME", home)
            .env(place, self.server.base_url());
        for (variable, part) in self.case.variables.iter().zip(self.secrets()) {
            command.env(variable, part);
        }
        command
    }

    /// The parts of its key.
    fn secrets(&self) -> impl Iterator<Item = &'static str> {
        self.protocol.key.split(':')
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let run = Run::of(self.command(arguments).output().unwrap());
        for secret in self.secrets() {
            let says = run.out.contains(secret) || run.err.contains(secret);
            assert!(!says, "{}", run.out);
        }
        run
    }

    /// Builds with `--yes` and JSON; it must end with this code.
    fn build(&self, code: i32) -> Run {
        let run = self.run(&["build", "--json", "--yes"]);
        let seen = self.server.seen();
        assert_eq!(
            run.code, code,
            "{}: {}{} {:?}",
            self.case.name, run.out, run.err, seen.wrong
        );
        run
    }

    fn outcomes(&self) -> Vec<String> {
        let log = self.run(&["log", "--json"]).json();
        let outcome = |e: &Value| e["outcome"].as_str().unwrap().to_owned();
        log.iter().map(outcome).collect()
    }

    fn accepted(&self) -> usize {
        self.server.seen().accepted.len()
    }
}

impl Drop for Asked {
    /// Whatever a test did: nothing came that the provider does not take, and its key is nowhere on the disk.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        assert_eq!(self.server.seen().wrong, [""; 0], "{}", self.case.name);
        let mut folders = vec![self.project.root().to_owned(), self.home.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let bytes = std::fs::read(&path).unwrap();
                for secret in self.secrets() {
                    let mut windows = bytes.windows(secret.len());
                    let is_there = windows.any(|window| window == secret.as_bytes());
                    assert!(!is_there, "the key is in {}", path.display());
                }
            }
        }
    }
}

fn case_of(name: &str) -> &'static Case {
    CASES.iter().find(|case| case.name == name).unwrap()
}

fn with_tickets() -> impl Iterator<Item = &'static Case> {
    CASES.iter().filter(|case| case.has_tickets)
}

#[test]
fn each_is_asked_as_it_wants_to_be_once_at_the_price_of_the_plan() {
    for case in &CASES {
        let name = case.name;
        let (more, requests) = case.all();
        let asked = Asked::new(case, &more, Behaviour::default());
        let plan = asked.run(&["plan", "--json"]);
        assert_eq!(plan.code, 0, "{name}: {}", plan.err);
        let plan = summary(&plan);
        assert_eq!(plan["requests"], requests, "{name}");
        let run = asked.build(0);
        assert_eq!(asked.accepted(), requests, "{name}: {}", run.out);
        assert_eq!(asked.outcomes(), vec!["answered"; requests], "{name}");
        let cost = &summary(&run)["cost_usd"];
        println!(
            "{name} {} plan {} cost {cost} {}",
            case.model,
            plan["estimate_usd"],
            asked.run(&["log", "--json"]).out
        );
        match &plan["estimate_usd"] {
            Value::Null => assert!(cost.is_null(), "{name}: {cost}"),
            estimate => assert_eq!(micros(cost), micros(estimate), "{name}"),
        }
        let again = summary(&asked.build(0));
        assert_eq!((&again["made"], &again["requests"]), (&0.into(), &0.into()));
        assert_eq!(asked.accepted(), requests, "{name}");
    }
}
