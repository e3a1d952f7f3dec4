//! What a page takes out of a project besides its rows: the presets with what a platform covers, and files to take home.
//! Makes nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::pipeline::{self, Settings};
use base::diagnostic::Failure;
use declare::preset::{Preset, builtin};
use page::Download;
use store::MAX_OBJECT_BYTES;

/// How wide a card is shown in the feed of a platform, in CSS pixels, by how its presets are called: two columns on a
/// phone of 390, and one column elsewhere.
const FEEDS: [(&str, u32); 4] = [
    ("xiaohongshu", 185),
    ("douyin", 185),
    ("wechat-square", 80),
    ("wechat", 358),
];

/// The presets by name, as a page shows them over pictures: parts of their sides.
pub fn presets(settings: &Settings) -> BTreeMap<String, Value> {
    let mut settings = settings.clone();
    settings.beside.lenient = true;
    let own = pipeline::load(&settings).map(|project| project.manifest.presets.clone());
    let own = own.unwrap_or_default();
    let all = builtin().iter().chain(&own);
    all.map(|(name, preset)| (name.clone(), preset_of(preset)))
        .collect()
}

fn preset_of(preset: &Preset) -> Value {
    let (width, height) = (
        f64::from(preset.width.max(1)),
        f64::from(preset.height.max(1)),
    );
    let safe = preset.safe;
    let [top, right, bottom, left] = [safe.top, safe.right, safe.bottom, safe.left].map(f64::from);
    let edges = [
        (0.0, 0.0, 1.0, top / height),
        (0.0, 1.0 - bottom / height, 1.0, bottom / height),
        (0.0, 0.0, left / width, 1.0),
        (1.0 - right / width, 0.0, right / width, 1.0),
    ];
    let covered: Vec<Value> = edges
        .iter()
        .filter(|(_, _, w, h)| *w > 0.0 && *h > 0.0)
        .map(|(x, y, w, h)| json!({ "x": x, "y": y, "w": w, "h": h, "why": preset.note }))
        .collect();
    let feed = FEEDS.iter().find(|(name, _)| preset.name.starts_with(name));
    json!({
        "width": preset.width, "height": preset.height, "title": preset.title,
        "safe": covered, "crops": crops(preset),
        "feed": feed.map(|(_, width)| json!({ "width": width })),
        "confidence": preset.confidence, "source": preset.source,
    })
}

/// What platforms cut out of the middle for lists: a square, of whatever is no square.
fn crops(preset: &Preset) -> Vec<Value> {
    let (width, height) = (
        f64::from(preset.width.max(1)),
        f64::from(preset.height.max(1)),
    );
    if preset.width == preset.height {
        return Vec::new();
    }
    let (w, h) = match width > height {
        true => (height / width, 1.0),
        false => (1.0, width / height),
    };
    let (x, y) = ((1.0 - w) / 2.0, (1.0 - h) / 2.0);
    vec![json!({ "name": "1:1", "x": x, "y": y, "w": w, "h": h })]
}

/// The pictures of these assets, as they lie at their places; those that are not there are left out.
pub fn downloads(settings: &Settings, ids: &[String]) -> Result<Vec<Download>, Failure> {
    let mut settings = settings.clone();
    settings.beside.lenient = true;
    let project = pipeline::load(&settings)?;
    let mut found = Vec::new();
    for id in ids {
        let spec = project
            .specs
            .binary_search_by(|spec| spec.id.as_str().cmp(id));
        let Ok(n) = spec else {
            continue;
        };
        let output = &project.specs[n].output;
        if let Ok(bytes) = project.world.root().read_output(output, MAX_OBJECT_BYTES) {
            let name = output.as_str().to_owned();
            found.push(Download { name, bytes });
        }
    }
    Ok(found)
}

/// The slides of a carousel, in order.
pub fn carousel(settings: &Settings, name: &str) -> Result<Vec<String>, Failure> {
    let mut settings = settings.clone();
    settings.beside.lenient = true;
    let project = pipeline::load(&settings)?;
    let mut slides: Vec<(usize, String)> = project
        .specs
        .iter()
        .filter_map(|spec| {
            let (carousel, number) = spec.slide.as_ref()?;
            (carousel == name).then(|| (*number, spec.id.clone()))
        })
        .collect();
    slides.sort();
    Ok(slides.into_iter().map(|(_, id)| id).collect())
}
