//! Titles as reference manuals and programmers' blogs have them (names of tables, flags, addresses, paths, code), on every
//! preset and layout: none is too long to be set. `TITLES` says on how many pairs of both each of them is tried.

use std::fmt::Write;

use crate::project::Project;

/// The layouts, each with the role in which a title stands and what else it takes.
const LAYOUTS: [(&str, &str, &str); 8] = [
    ("article", "headline", ""),
    ("poster", "headline", ""),
    ("banner", "headline", ""),
    ("cover", "headline", ""),
    ("quote", "quote", ""),
    ("list", "headline", "items = [\"one\", \"two\"]\n"),
    (
        "compare",
        "headline",
        "before = \"before\"\nafter = \"after\"\n",
    ),
    ("slide", "headline", ""),
];

/// Titles of the pages of a reference manual.
fn manual() -> Vec<String> {
    let subjects = [
        "CLIENT",
        "INFORMATION_SCHEMA",
        "PERFORMANCE",
        "REPLICATION",
        "TABLE_STORAGE",
        "STATEMENTS",
        "TRANSACTIONS",
        "DEADLOCKS",
        "MEMORY_USAGE",
        "PLACEMENT",
        "RESOURCE_GROUPS",
        "CLUSTER",
        "SLOW_QUERY",
        "KEY_COLUMN",
        "PARTITION",
        "SEQUENCE",
    ];
    let what = [
        "ERRORS_SUMMARY",
        "COLLATIONS_CHARACTER_SET_APPLICABILITY",
        "STATS",
        "HISTORY",
        "CONSTRAINTS",
        "CONFIG",
        "HEALTH",
        "OPS_HISTORY",
    ];
    let by = ["BY_HOST", "BY_USER", "GLOBAL", "V2"];
    let mut titles = Vec::new();
    for subject in subjects {
        for what in what {
            for by in by {
                titles.push(match titles.len() % 7 {
                    0 => format!("{subject}_{what}"),
                    1 => format!("`{subject}_{what}_{by}`"),
                    2 => format!("{subject}.{what}.{by}"),
                    3 => format!("SHOW {what} FOR {subject} {by}"),
                    4 => format!("tikv_{}_{}", subject.to_lowercase(), what.to_lowercase()),
                    5 => format!(
                        "--{}-{}={by}",
                        subject.to_lowercase().replace('_', "-"),
                        what.to_lowercase().replace('_', "-")
                    ),
                    _ => format!("{subject}_{what}_{by}"),
                });
            }
        }
    }
    let places = [
        "https://docs.example.com/reference/{}/v2/getting-started.html#install",
        "/usr/local/share/{}/conf.d/50-defaults.conf",
        "kubectl.example.io/last-applied-{}-configuration",
        "std::{}::hash_map::OccupiedEntry::insert_entry_and_get_mut",
        "com.example.{}.persistence.ConcurrentModificationException",
        "{}: AbstractSingletonProxyFactoryBeanDefinitionParser",
        "--experimental-{}-specifier-resolution=node",
        "C:\\Program Files\\Example\\{}\\settings.json",
        "@example/eslint-plugin-{}/recommended-requiring-type-checking",
        "-Znext-solver={} and -Zpolymorphize",
        "spec.template.spec.containers[].{}.securityContext.allowPrivilegeEscalation",
        "配置项 {}.max-connections-per-host 的含义",
        "ERR_{}_UNSUPPORTED_DIRECTORY_IMPORT",
        "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz {}",
    ];
    let names = [
        "auth",
        "collections",
        "scheduler",
        "network",
        "import",
        "logging",
        "gateway",
        "telemetry",
    ];
    for n in 0.. {
        if titles.len() == 1212 {
            break;
        }
        let place = places[n % places.len()];
        let name = names[n / places.len() % names.len()];
        let number = match n / places.len() / names.len() {
            0 => String::new(),
            n => format!("-{n}"),
        };
        titles.push(place.replace("{}", &format!("{name}{number}")));
    }
    titles
}

/// Titles of a programmer's posts.
fn posts() -> Vec<String> {
    let forms = [
        "Why `{}` is not what you think",
        "From `{}` to `{}` in one afternoon",
        "TIL: {} swallows errors",
        "**{}** considered harmful?",
        "How we debugged {} for three weeks, and what it taught us about reading the manual first",
        "用 `{}` 重写一切之后",
        "{}: a love letter",
        "Don't use {} (yet)",
        "A [deep dive](https://example.com/{}) into the internals",
        "`{}` vs. `{}` vs. the world: 2026 edition",
    ];
    let code = [
        "Array.prototype.flatMap",
        "git rebase --interactive --autosquash",
        "SELECT COUNT(*) FROM information_schema.tables",
        "useDeferredValueWithFallback()",
        "std::unique_ptr<const std::vector<int>>",
        "docker compose up --build --force-recreate",
        "x = [i for i in range(10) if i % 2 == 0]",
        "Result<Box<dyn Error + Send + Sync>>",
        "git commit --force, --amend",
        "https://example.com/a/very/long/path?with=query&and=more",
        "C:\\Windows\\System32\\drivers\\etc\\hosts",
        "kubernetes.io/ingress.class",
        "__attribute__((constructor))",
        "@use \"sass:math\"",
        "a ==> b",
    ];
    let mut titles = Vec::new();
    for n in 0..750 {
        let form = forms[n % forms.len()];
        let first = code[n / forms.len() % code.len()];
        let second = code[(n / 7 + 3) % code.len()];
        let title = form.replacen("{}", first, 1).replace("{}", second);
        titles.push(match n / (forms.len() * code.len()) {
            0 => title,
            part => format!("{title}, part {part}"),
        });
    }
    titles
}

/// The names of the presets that are built in.
fn presets() -> Vec<&'static str> {
    let table = include_str!("../../crates/declare/src/preset/presets.toml");
    let lines = table.lines();
    lines
        .filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'))
        .collect()
}

#[test]
fn no_title_is_too_long_for_any_preset_and_layout() {
    let mut titles = manual();
    titles.extend(posts());
    assert_eq!(titles.len(), 1212 + 750);
    let presets = presets();
    let pairs: Vec<(&str, (&str, &str, &str))> = (presets.iter())
        .flat_map(|preset| LAYOUTS.map(|layout| (*preset, layout)))
        .collect();
    assert!(pairs.len() > 200, "{}", pairs.len());
    // By itself a few titles on each pair.
    let asked = std::env::var("TITLES")
        .ok()
        .and_then(|n| n.parse::<usize>().ok());
    let project = Project::empty();
    let mut manifest = "[defaults]\nmodel = \"local\"\n".to_owned();
    for (n, (preset, (layout, role, also))) in pairs.iter().enumerate() {
        let is_on = |title: usize| match asked {
            Some(rounds) => (n + pairs.len() - title % pairs.len()) % pairs.len() < rounds,
            None => title == n * 7 % titles.len(),
        };
        let rows = titles.iter().enumerate().filter(|(title, _)| is_on(*title));
        let rows: Vec<_> = rows
            .map(|(n, title)| serde_json::json!({"n": n, "title": title}))
            .collect();
        if rows.is_empty() {
            continue;
        }
        project.write(
            &format!("rows/{n}.json"),
            serde_json::to_string(&rows).unwrap(),
        );
        let (kind, takes) = match *layout {
            "slide" => ("carousel", "slides"),
            _ => ("cover", "for_each"),
        };
        writeln!(
            manifest,
            "[{kind}.c{n}]\n{takes} = {{ json = \"rows/{n}.json\" }}\npreset = \"{preset}\"\ntemplate = \"{layout}\""
        )
        .unwrap();
        if kind == "cover" {
            writeln!(manifest, "id = \"{preset}/{layout}/{{{{ item.n }}}}\"").unwrap();
        }
        writeln!(
            manifest,
            "[{kind}.c{n}.text]\n{role} = \"{{{{ item.title }}}}\"\n{also}"
        )
        .unwrap();
    }
    project.write("gpbuild.toml", manifest);
    let run = project.run(&["check"]);
    let wrong = run.err.lines().filter(|line| line.starts_with("error"));
    let wrong: Vec<&str> = wrong.collect();
    assert!(run.code == 0, "{}: {wrong:#?}\n{}", wrong.len(), run.err);
}
