//! Every recorded answer there is, read whole: what it holds, what it bills to the micro-dollar, what a refusal means. A file
//! that nobody wrote a line for fails. Tests only.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::Form;
use crate::gemini;
use crate::openai;
use crate::reply::{Contents, KeepError, Refusal};
use crate::table::builtin;
use crate::task::{Standing, TaskForm};
use crate::veil::Veil;
use base::digest::Digest;
use model::{Micro, ModelId};

/// By file: what each of its answers is.
const EXPECTED: &[(&str, &[&str])] = &[
    (
        "ark-seedream-4-5-edit-url",
        &["0 pictures, 1 to fetch, no bill"],
    ),
    (
        "bfl-flux-dev-submit-poll-ready",
        &[
            "ticket at api.us1.bfl.ai, no standing, 0 to fetch",
            "no ticket, Pending, 0 to fetch",
            "no ticket, Pending, 0 to fetch",
            "no ticket, Ready, 1 to fetch",
        ],
    ),
    ("fal-flux-dev-sync", &["no ticket, no standing, 1 to fetch"]),
    (
        "gemini-2.5-flash-image-text-only-and-image",
        &[
            "0 pictures, 0 to fetch, 126 micro-dollars, Invalid: 200 STOP: In a hidden cave, a shy axolotl named Pip spent its days dreaming of the world beyond its murky pond. One evening, a glimmering portal appeared, offering Pip a chance to explore the vibrant, unknown depths of the ocean",
            "1 pictures, 0 to fetch, 38738 micro-dollars",
        ],
    ),
    (
        "gemini-3-pro-image-grounding",
        &["1 pictures, 0 to fetch, 148734 micro-dollars"],
    ),
    (
        "gemini-3-pro-image-image-only",
        &["1 pictures, 0 to fetch, 137744 micro-dollars"],
    ),
    (
        "gemini-3-pro-image-text-then-image",
        &["1 pictures, 0 to fetch, 138472 micro-dollars"],
    ),
    (
        "gemini-3.1-flash-image",
        &["1 pictures, 0 to fetch, 68021 micro-dollars"],
    ),
    (
        "gemini-3.1-flash-lite-image",
        &["1 pictures, 0 to fetch, 34199 micro-dollars"],
    ),
    (
        "gemini-400-invalid-argument",
        &[
            "Invalid: 400 INVALID_ARGUMENT: Thinking level MINIMAL is not supported for this model. Please retry with other thinking level",
        ],
    ),
    (
        "gemini-429-retry-info",
        &[
            "RateLimit: 429 RESOURCE_EXHAUSTED: You exceeded your current quota, please check your plan",
        ],
    ),
    (
        "gemini-interactions-image",
        &["0 pictures, 0 to fetch, no bill"],
    ),
    (
        "gemini-no-image",
        &["0 pictures, 0 to fetch, 5 micro-dollars, Invalid: 200 NO_IMAGE"],
    ),
    (
        "gemini-prompt-blocked",
        &["0 pictures, 0 to fetch, 5 micro-dollars, Moderation: 200 PROHIBITED_CONTENT"],
    ),
    (
        "openai-edits-1536x864-gpt-image-2",
        &["1 pictures, 0 to fetch, 4172 micro-dollars"],
    ),
    (
        "openai-edits-json-2images-gpt-image-1.5",
        &["1 pictures, 0 to fetch, 46967 micro-dollars"],
    ),
    (
        "openai-edits-low-gpt-image-1.5",
        &["1 pictures, 0 to fetch, 14967 micro-dollars"],
    ),
    (
        "openai-error-download-404",
        &[
            "Invalid: 400 invalid_value: Error while downloading file. Upstream status code: 404. (`url`)",
        ],
    ),
    (
        "openai-error-invalid-image-file",
        &["Invalid: 400 invalid_image_file: Invalid image data"],
    ),
    (
        "openai-error-unknown-parameter-response_format",
        &["Invalid: 400 unknown_parameter: Unknown parameter: 'response_format'"],
    ),
    (
        "openai-generations-gpt-image-1",
        &["1 pictures, 0 to fetch, 166450 micro-dollars"],
    ),
    (
        "openai-image-edit-no-usage",
        &["1 pictures, 0 to fetch, no bill"],
    ),
    (
        "openai-responses-image-generation-tool",
        &["0 pictures, 0 to fetch, no bill, status `completed`"],
    ),
    (
        "openrouter-images-generate",
        &["1 pictures, 0 to fetch, 34227 micro-dollars"],
    ),
    (
        "openrouter-images-input-references",
        &["1 pictures, 0 to fetch, 33882 micro-dollars"],
    ),
    (
        "replicate-prediction-prefer-wait",
        &["ticket at api.replicate.com, Pending, 1 to fetch"],
    ),
    (
        "together-images-generations",
        &["1 pictures, 0 to fetch, no bill"],
    ),
    (
        "vertex-2.5-flash-image-jpeg85",
        &["1 pictures, 0 to fetch, 38703 micro-dollars"],
    ),
    (
        "vertex-3.1-flash-lite-image",
        &["1 pictures, 0 to fetch, 33601 micro-dollars"],
    ),
    (
        "xai-grok-imagine-edit-url",
        &["0 pictures, 1 to fetch, no bill"],
    ),
    (
        "xai-grok-imagine-generate-url",
        &["0 pictures, 1 to fetch, no bill"],
    ),
];

/// The files of a folder of samples, by their names without an ending.
fn files(folder: &str) -> BTreeMap<String, Value> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(folder);
    let entries = std::fs::read_dir(samples)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let samples = entries.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (
            name,
            serde_json::from_reader(std::fs::File::open(path).unwrap()).unwrap(),
        )
    };
    samples.map(read).collect()
}

fn contents(form: &Form, body: &str) -> Contents {
    let mut keep = |bytes: &mut dyn Read| {
        let mut all = Vec::new();
        bytes.read_to_end(&mut all).map_err(KeepError::Picture)?;
        Ok(Digest::of(&all))
    };
    form.read(body.as_bytes(), 10, &Veil::default(), &mut keep)
        .unwrap()
}

fn refused(refusal: &Refusal) -> String {
    let kind = format!("{:?}", refusal.kind);
    let kind = kind.split([' ', '(']).next().unwrap_or_default().to_owned();
    format!("{kind}: {}", refusal.said())
}

fn bill(contents: &Contents, model: Option<&str>) -> String {
    let id = model.and_then(|model| ModelId::parse(model).ok());
    let builtin = model::builtin();
    let price = id.and_then(|id| builtin.get(&id)?.price);
    let by_tokens = contents
        .usage
        .zip(price)
        .map(|(usage, price)| usage.cost(&price));
    match contents.cost.or(by_tokens) {
        Some(Micro(micro)) => format!("{micro} micro-dollars"),
        None => "no bill".to_owned(),
    }
}

/// What an answer with pictures, or with none, is.
fn told(contents: &Contents, model: Option<&str>) -> String {
    let (pictures, sources) = (contents.pictures.len(), contents.sources.len());
    let mut told = format!(
        "{pictures} pictures, {sources} to fetch, {}",
        bill(contents, model)
    );
    for said in [&contents.trouble, &contents.error].into_iter().flatten() {
        told += &format!(", {said}");
    }
    if let Some(refusal) = &contents.refusal {
        told += &format!(", {}", refused(refusal));
    }
    told
}

/// What an answer of a provider of tickets is.
fn task(provider: &str, body: &str) -> String {
    let row = &builtin()[provider];
    let form = TaskForm {
        base_url: row.base_url.clone(),
        hosts: row.hosts.clone(),
        task: row.task_of("m").unwrap().clone(),
    };
    let veil = Veil::default();
    let ticket = form.ticket(body.as_bytes(), &veil).ok();
    let ticket =
        ticket.map(|ticket| format!("ticket at {}", ticket.poll.host_str().unwrap_or_default()));
    let standing = match form.standing(body.as_bytes(), &veil) {
        Some(Standing::Failed(refusal)) => refused(&refusal),
        Some(standing) => format!("{standing:?}"),
        None => "no standing".to_owned(),
    };
    let ready = form.ready(body.as_bytes(), &veil);
    let ticket = ticket.unwrap_or_else(|| "no ticket".to_owned());
    format!("{ticket}, {standing}, {} to fetch", ready.sources.len())
}

/// What one answer is; nothing of the bytes of a picture that was fetched.
fn line(name: &str, interaction: &Value) -> Option<String> {
    let response = &interaction["response"];
    if !response["body"].is_object() {
        return None;
    }
    let body = response["body"].to_string();
    let status = u16::try_from(response["status"].as_u64().unwrap_or(200)).unwrap();
    let (provider, _) = name.split_once('-').unwrap();
    let is_gemini = matches!(provider, "gemini" | "vertex");
    let none = HeaderMap::new();
    if status >= 400 {
        let veil = Veil::default();
        let refusal = match is_gemini {
            true => gemini::refusal(true, status, &none, body.as_bytes(), &veil).unwrap(),
            false => openai::refusal(|_| true, status, &none, body.as_bytes(), &veil).unwrap(),
        };
        return Some(refused(&refusal));
    }
    if matches!(provider, "bfl" | "fal" | "replicate") {
        return Some(task(provider, &body));
    }
    // Gemini's answers name their model, by its name of then, which those of OpenAI leave to the request.
    let version = response["body"]["modelVersion"].as_str();
    let model = match is_gemini {
        true => version.map(|name| name.trim_end_matches("-preview")),
        false => interaction["request"]["body"]["model"].as_str(),
    };
    let provider_of_model = if is_gemini { "gemini" } else { provider };
    let model = model.map(|name| format!("{provider_of_model}/{name}"));
    let form = match provider {
        "gemini" | "vertex" => Form::Gemini,
        "openrouter" => Form::Billed(1_000_000),
        _ => Form::Images,
    };
    Some(told(&contents(&form, &body), model.as_deref()))
}

#[test]
fn every_recorded_answer_is_read_whole() {
    let mut found = files("");
    found.extend(files("gemini"));
    let lines = |(name, sample): (&String, &Value)| {
        let interactions = sample["interactions"].as_array().unwrap().iter();
        let lines: Vec<String> = interactions.filter_map(|one| line(name, one)).collect();
        (name.clone(), lines)
    };
    let found: Vec<(String, Vec<String>)> = found.iter().map(lines).collect();
    let expected: Vec<(String, Vec<String>)> = EXPECTED
        .iter()
        .map(|(name, lines)| {
            let lines = lines.iter().map(|&line| line.to_owned());
            ((*name).to_owned(), lines.collect())
        })
        .collect();
    assert_eq!(found, expected);
}
