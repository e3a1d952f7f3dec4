//! What the rows of the table have gpbuild send, field by field, and what it reads in recorded answers. Tests only.

use std::io::Read;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::Form;
use crate::reply::{Attachment, Contents, Cost, KeepError, RefusalKind};
use crate::submission::Submission;
use crate::table::{Row, builtin};
use crate::task::{Standing, TaskForm, by_code};
use crate::veil::Veil;
use base::digest::Digest;
use model::request::{Picture, Prompt, Request, Work};
use model::{Cell, Micro, ModelId};

/// The least PNG there is, in base64.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGMQUDAAAACkAGE0Zn1yAAAAAElFTkSuQmCC";

/// The body of a request for a model with so many references.
fn body(model: &str, cell: Option<(&str, &str)>, references: usize, params: Value) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, PNG).unwrap();
    let path: PathBuf = folder.path().join("a.png");
    let mut file = std::fs::File::create(&path).unwrap();
    std::io::Write::write_all(&mut file, &bytes).unwrap();
    let attachment = Attachment {
        path,
        digest: Digest::of(&bytes),
    };
    let references = vec![attachment; references];
    let model = ModelId::parse(model).unwrap();
    let row = &builtin()[&model.provider];
    let prompt = Prompt {
        text: "a cat".to_owned(),
        quality: None,
        background: None,
        candidates: 2,
        format: "jpeg".to_owned(),
        params,
        references: vec![Picture::Previous; references.len()],
        mask: None,
    };
    let request = Request {
        model,
        adapter: 1,
        width: 1536,
        height: 864,
        cell: cell.map(|(ratio, tier)| Cell {
            ratio: ratio.to_owned(),
            tier: tier.to_owned(),
        }),
        variant: 1,
        work: Work::Ask(prompt.clone()),
    };
    let submission = Submission {
        request: &request,
        prompt: &prompt,
        own_id: "gpbuild-1",
        references: &references,
        mask: None,
    };
    row.body_of(&request.model.name).json(submission).unwrap()
}

#[test]
fn each_model_is_sent_what_its_api_takes_and_nothing_else() {
    let url = format!("data:image/png;base64,{PNG}");
    let none = || Value::Null;
    let qwen = |content: Value| {
        json!({"model": "qwen-image-3.0-pro", "input": {"messages": [{"role": "user", "content": content}]},
            "parameters": {"size": "1536*864", "n": 2, "prompt_extend": false, "enable_thinking": false,
            "watermark": false, "seed": 7}})
    };
    let ark = |model: &str, more: Value| {
        let mut body = json!({"model": model, "prompt": "a cat", "size": "1536x864",
            "response_format": "b64_json", "watermark": false});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    for (found, expected) in [
        (
            body("bfl/flux-2-pro", None, 2, json!({"seed": 7})),
            json!({"prompt": "a cat", "width": 1536, "height": 864, "output_format": "jpeg", "seed": 7,
                "input_image": PNG, "input_image_2": PNG}),
        ),
        (
            body("bfl/flux-3-image", Some(("16:9", "1k")), 1, none()),
            json!({"prompt": "a cat", "aspect_ratio": "16:9", "resolution": "1k", "grounding": false,
                "images": [PNG]}),
        ),
        (
            body("dashscope/qwen-image-3.0-pro", None, 0, json!({"seed": 7})),
            qwen(json!([{"text": "a cat"}])),
        ),
        (
            body("dashscope/qwen-image-3.0-pro", None, 1, json!({"seed": 7})),
            qwen(json!([{"image": url}, {"text": "a cat"}])),
        ),
        (
            body("dashscope/wan2.7-image", None, 0, none()),
            json!({"model": "wan2.7-image",
                "input": {"messages": [{"role": "user", "content": [{"text": "a cat"}]}]},
                "parameters": {"size": "1536*864", "n": 2, "prompt_extend": false, "watermark": false}}),
        ),
        (
            body("ark/doubao-seedream-5-0-pro-260628", None, 1, none()),
            ark(
                "doubao-seedream-5-0-pro-260628",
                json!({"output_format": "jpeg", "image": [url]}),
            ),
        ),
        (
            body("ark/doubao-seedream-4-5-251128", None, 0, none()),
            ark("doubao-seedream-4-5-251128", json!({})),
        ),
        (
            body("zhipu/glm-image", None, 0, none()),
            json!({"model": "glm-image", "prompt": "a cat", "size": "1536x864", "watermark_enabled": false}),
        ),
        (
            body("kling/kling-v3", Some(("16:9", "1k")), 1, none()),
            json!({"model_name": "kling-v3", "prompt": "a cat", "n": 2, "aspect_ratio": "16:9",
                "resolution": "1k", "image": PNG, "external_task_id": "gpbuild-1"}),
        ),
        (
            body("openrouter/google/gemini", None, 1, none()),
            json!({"model": "google/gemini", "prompt": "a cat", "n": 2, "size": "1536x864",
                "output_format": "jpeg", "input_references": [{"type": "image_url", "image_url": {"url": url}}]}),
        ),
        (
            body("together/a/b", None, 1, none()),
            json!({"model": "a/b", "prompt": "a cat", "n": 2, "width": 1536, "height": 864,
                "output_format": "jpeg", "response_format": "base64", "reference_images": [url]}),
        ),
        (
            body("siliconflow/Qwen/Qwen-Image-Edit", None, 2, none()),
            json!({"model": "Qwen/Qwen-Image-Edit", "prompt": "a cat", "image_size": "1536x864",
                "image": url, "image2": url}),
        ),
        (
            body("siliconflow/Kwai-Kolors/Kolors", None, 0, none()),
            json!({"model": "Kwai-Kolors/Kolors", "prompt": "a cat", "image_size": "1536x864", "batch_size": 2}),
        ),
        (
            body("minimax/image-01", None, 1, none()),
            json!({"model": "image-01", "prompt": "a cat", "n": 2, "width": 1536, "height": 864,
                "response_format": "base64", "prompt_optimizer": false, "aigc_watermark": false,
                "subject_reference": [{"type": "character", "image_file": url}]}),
        ),
        (
            body("fal/fal-ai/flux-2-pro", None, 1, none()),
            json!({"prompt": "a cat", "image_size": {"width": 1536, "height": 864}, "output_format": "jpeg",
                "image_urls": [url]}),
        ),
        (
            body(
                "replicate/black-forest-labs/flux-2-pro",
                None,
                1,
                json!({"seed": 7}),
            ),
            json!({"input": {"prompt": "a cat", "width": 1536, "height": 864, "output_format": "jpg",
                "aspect_ratio": "custom", "input_images": [url], "seed": 7}}),
        ),
    ] {
        assert_eq!(found, expected);
    }
}

/// The answers of a sample.
fn answers(sample: &str) -> Vec<Value> {
    let sample: Value = serde_json::from_str(sample).unwrap();
    let interactions = sample["interactions"].as_array().unwrap().iter();
    interactions
        .map(|one| one["response"]["body"].clone())
        .collect()
}

fn form(provider: &str, model: &str) -> TaskForm {
    let row: &Row = &builtin()[provider];
    TaskForm {
        base_url: row.base_url.clone(),
        hosts: row.hosts.clone(),
        task: row.task_of(model).unwrap().clone(),
    }
}

fn standing(form: &TaskForm, answer: &Value) -> Option<Standing> {
    form.standing(answer.to_string().as_bytes(), &Veil::default())
}

#[test]
fn a_recorded_task_of_black_forest_labs() {
    let recorded = answers(include_str!(
        "../samples/bfl-flux-dev-submit-poll-ready.json"
    ));
    let form = form("bfl", "flux-dev");
    let ticket = form.ticket(recorded[0].to_string().as_bytes(), &Veil::default());
    let ticket = ticket.unwrap();
    assert_eq!(ticket.id, "d11b93f5-4d13-42bb-b26b-95fead3634ac");
    assert_eq!(ticket.poll.host_str(), Some("api.us1.bfl.ai"));
    assert_eq!(ticket.cost, None);
    assert_eq!(standing(&form, &recorded[1]), Some(Standing::Pending));
    assert_eq!(standing(&form, &recorded[3]), Some(Standing::Ready));
    let ready = form.ready(recorded[3].to_string().as_bytes(), &Veil::default());
    assert_eq!(ready.came, 1);
    assert_eq!(ready.sources[0].host_str(), Some("delivery-us1.bfl.ai"));
    let told =
        json!({"id": "t", "polling_url": "https://api.eu.bfl.ml/v1/get_result?id=t", "cost": 4.5});
    let ticket = form.ticket(told.to_string().as_bytes(), &Veil::default());
    assert_eq!(ticket.unwrap().cost, Some(Cost::Is(Micro(45_000))));
}

#[test]
fn a_recorded_task_of_replicate() {
    let recorded = answers(include_str!(
        "../samples/replicate-prediction-prefer-wait.json"
    ));
    let form = form("replicate", "bytedance/sdxl-lightning-4step");
    let ticket = form.ticket(recorded[0].to_string().as_bytes(), &Veil::default());
    assert_eq!(
        ticket.unwrap().poll.as_str(),
        "https://api.replicate.com/v1/predictions/jf23sy140hrj00cn0008841srg"
    );
    // Its output is there, but it is not done.
    assert_eq!(standing(&form, &recorded[0]), Some(Standing::Pending));
    let host = |answer: &Value| -> Vec<String> {
        let ready = form.ready(answer.to_string().as_bytes(), &Veil::default());
        let hosts = ready
            .sources
            .iter()
            .map(|url| url.host_str().unwrap().to_owned());
        hosts.collect()
    };
    assert_eq!(host(&recorded[0]), ["replicate.delivery"]);
    assert_eq!(
        host(&json!({"output": "https://a.example/1.png"})),
        ["a.example"]
    );
    assert_eq!(
        host(&json!({"output": null, "data_removed": true})),
        [""; 0]
    );
}

#[test]
fn a_recorded_result_of_fal() {
    let recorded = answers(include_str!("../samples/fal-flux-dev-sync.json"));
    let form = form("fal", "fal-ai/flux/dev");
    let ready = form.ready(recorded[0].to_string().as_bytes(), &Veil::default());
    assert_eq!(
        (ready.came, ready.sources[0].host_str()),
        (1, Some("v3.fal.media"))
    );
    let queued = json!({"request_id": "r", "status_url": "https://queue.fal.run/fal-ai/flux/requests/r/status",
        "response_url": "https://queue.fal.run/fal-ai/flux/requests/r", "status": "COMPLETED"});
    let bytes = queued.to_string();
    assert!(form.ticket(bytes.as_bytes(), &Veil::default()).is_ok());
    assert_eq!(standing(&form, &queued), Some(Standing::Ready));
    let result = form.result(bytes.as_bytes()).unwrap().unwrap();
    assert_eq!(result.path(), "/fal-ai/flux/requests/r");
    let elsewhere = json!({"response_url": "https://evil.example/r"});
    assert!(
        form.result(elsewhere.to_string().as_bytes())
            .unwrap()
            .is_err()
    );
}

/// What the task of each provider means that failed, in its own words.
#[test]
fn what_failed_says_why() {
    for (provider, model, answer, kind) in [
        (
            "bfl",
            "flux-2-pro",
            json!({"status": "Request Moderated"}),
            "Moderation",
        ),
        (
            "bfl",
            "flux-2-pro",
            json!({"status": "Error"}),
            "Overloaded",
        ),
        (
            "dashscope",
            "wan2.7-image",
            json!({"output": {"task_status": "FAILED", "code": "DataInspectionFailed", "message": "no"}}),
            "Moderation",
        ),
        (
            "dashscope",
            "wan2.7-image",
            json!({"output": {"task_status": "FAILED", "code": "InternalError.Algo", "message": "no"}}),
            "Overloaded",
        ),
        (
            "zhipu",
            "glm-image",
            json!({"task_status": "FAIL"}),
            "Overloaded",
        ),
        (
            "kling",
            "kling-v3",
            json!({"code": 0, "data": {"task_status": "failed", "task_status_msg": "no"}}),
            "Overloaded",
        ),
        (
            "replicate",
            "a/b",
            json!({"status": "canceled"}),
            "Overloaded",
        ),
    ] {
        let Some(Standing::Failed(refusal)) = standing(&form(provider, model), &answer) else {
            panic!("{answer}");
        };
        assert!(
            format!("{:?}", refusal.kind).starts_with(kind),
            "{answer}: {refusal:?}"
        );
    }
}

#[test]
fn a_200_with_an_error_of_its_own_is_no_ticket() {
    for (provider, model, answer, kind) in [
        (
            "dashscope",
            "wan2.7-image",
            json!({"code": "Throttling.RateQuota", "message": "slow down", "request_id": "r"}),
            RefusalKind::RateLimit,
        ),
        (
            "dashscope",
            "wan2.7-image",
            json!({"code": "Throttling.AllocationQuota", "message": "no more"}),
            RefusalKind::Quota,
        ),
        (
            "kling",
            "kling-v3",
            json!({"code": 1102, "message": "no credit"}),
            RefusalKind::Quota,
        ),
        (
            "kling",
            "kling-v3",
            json!({"code": 1302, "message": "too fast"}),
            RefusalKind::RateLimit,
        ),
    ] {
        let form = form(provider, model);
        let answer = answer.to_string();
        assert!(form.ticket(answer.as_bytes(), &Veil::default()).is_err());
        let refusal = form.not_taken(answer.as_bytes(), &Veil::default());
        assert_eq!(refusal.unwrap().kind, kind, "{answer}");
    }
    // Of what is known to nobody, nobody knows what became.
    let answer = br#"{"code": "Odd", "message": "?"}"#;
    assert!(
        form("dashscope", "wan2.7-image")
            .not_taken(answer, &Veil::default())
            .is_none()
    );
}

#[test]
fn pictures_of_dashscope_are_where_either_route_puts_them_and_come_by_https() {
    let form = form("dashscope", "wan2.7-image");
    for answer in [
        json!({"output": {"choices": [{"message": {"content": [{"image": "http://a.oss.aliyuncs.com/1.png"}, {"text": "t"}]}}]}}),
        json!({"output": {"results": [{"url": "http://a.oss.aliyuncs.com/1.png"}]}}),
    ] {
        let ready = form.ready(answer.to_string().as_bytes(), &Veil::default());
        assert_eq!(
            (ready.came, ready.sources[0].as_str()),
            (1, "https://a.oss.aliyuncs.com/1.png")
        );
    }
    let only_text = json!({"output": {"choices": [{"message": {"content": [{"text": "no"}]}}]}});
    let ready = form.ready(only_text.to_string().as_bytes(), &Veil::default());
    assert_eq!((ready.came, ready.prompt), (0, None));
    let rewritten =
        json!({"output": {"results": [{"url": "u", "actual_prompt": "a cat, sk-0123456789"}]}});
    let veil = Veil::new([&"sk-0123456789".into()]);
    let ready = form.ready(rewritten.to_string().as_bytes(), &veil);
    assert_eq!(ready.prompt.as_deref(), Some("a cat, (your key)"));
}

#[test]
fn codes_of_ark() {
    let codes = &builtin()["ark"].codes;
    for (code, expected) in [
        ("OutputImageSensitiveContentDetected", "Some(Moderation)"),
        (
            "InputImageSensitiveContentDetected.PrivacyInformation",
            "Some(Moderation)",
        ),
        ("AccountOverdueError", "Some(Quota)"),
        ("InvalidEndpointOrModel.NotFound", "Some(Model)"),
        ("ServerOverloaded", "None"),
        ("InternalServiceError", "None"),
    ] {
        assert_eq!(format!("{:?}", by_code(codes, code)), expected, "{code}");
    }
}

fn read(form: &Form, answer: &Value, asked: u32) -> Contents {
    let answer = answer.to_string();
    let mut keep = |bytes: &mut dyn Read| {
        let mut all = Vec::new();
        bytes.read_to_end(&mut all).map_err(KeepError::Picture)?;
        Ok(Digest::of(&all))
    };
    form.read(answer.as_bytes(), asked, &Veil::default(), &mut keep)
        .unwrap()
}

/// Recorded answers that hold their pictures: how many, and what they bill to the micro-dollar.
#[test]
fn recorded_answers_of_one_request() {
    let openrouter = Form::Billed(1_000_000);
    for (sample, form, cost) in [
        (
            include_str!("../samples/openrouter-images-generate.json"),
            &openrouter,
            Some(Micro(34_227)),
        ),
        (
            include_str!("../samples/openrouter-images-input-references.json"),
            &openrouter,
            Some(Micro(33_882)),
        ),
        (
            include_str!("../samples/together-images-generations.json"),
            &Form::Images,
            None,
        ),
    ] {
        let contents = read(form, &answers(sample)[0], 1);
        assert_eq!(contents.pictures.len(), 1);
        assert_eq!((contents.came, &contents.trouble), (1, &None));
        assert_eq!((contents.cost, contents.odd_usage), (cost, false));
    }
    let ark = answers(include_str!("../samples/ark-seedream-4-5-edit-url.json")).remove(0);
    let contents = read(&Form::Images, &ark, 1);
    assert!(
        contents.sources[0]
            .url
            .starts_with("https://ark-content-generation-v2-cn-beijing.tos-")
    );
    // What a relay says of a cost is in whatever it counts.
    let told = json!({"data": [{"b64_json": PNG}], "usage": {"cost": 7}});
    assert_eq!(read(&Form::Images, &told, 1).cost, None);
    for odd in [json!(-1), json!(1e300), json!("1")] {
        let told = json!({"data": [{"b64_json": PNG}], "usage": {"cost": odd}});
        assert_eq!(read(&openrouter, &told, 1).cost, None);
    }
}

#[test]
fn pictures_of_those_that_put_them_elsewhere() {
    let url = "https://a.example/1.png";
    let siliconflow = json!({"images": [{"url": url}], "timings": {}, "data": [{"url": url}]});
    let contents = read(&Form::Images, &siliconflow, 1);
    assert_eq!((contents.came, contents.sources.len()), (1, 1));
    let minimax =
        json!({"id": "i", "data": {"image_base64": [PNG, PNG]}, "base_resp": {"status_code": 0}});
    let contents = read(&Form::Images, &minimax, 2);
    assert_eq!((contents.came, contents.pictures.len()), (2, 2));
    let refused = json!({"base_resp": {"status_code": 1026, "status_msg": "sensitive"}});
    let contents = read(&Form::Images, &refused, 1);
    assert_eq!(
        (contents.came, contents.error.as_deref()),
        (0, Some("1026: sensitive"))
    );
    let coded = Form::Coded(builtin()["minimax"].codes.clone());
    for (code, kind) in [
        (1002, Some("Rate")),
        (1004, Some("Credentials")),
        (1008, Some("Quota")),
        (1026, Some("Moderation")),
        (2013, Some("Invalid")),
        (1000, None),
        (10260, None),
    ] {
        let refused = json!({"base_resp": {"status_code": code, "status_msg": "no"}});
        let contents = read(&coded, &refused, 1);
        let refusal = contents
            .refusal
            .map(|refusal| format!("{:?}", refusal.kind));
        let fits = |kind: &str| refusal.as_ref().is_some_and(|told| told.starts_with(kind));
        assert!(kind.map_or(refusal.is_none(), fits), "{code}: {refusal:?}");
        // A picture that came is one, whatever stands beside it.
        let beside = json!({"data": {"image_base64": [PNG]}, "base_resp": {"status_code": code}});
        assert!(read(&coded, &beside, 1).refusal.is_none(), "{code}");
    }
    // One of Ark's may be an error beside good ones.
    let partly =
        json!({"data": [{"b64_json": PNG}, {"error": {"code": "Output", "message": "no"}}]});
    let contents = read(&Form::Images, &partly, 2);
    assert_eq!((contents.came, contents.error.as_deref()), (1, Some("no")));
}
