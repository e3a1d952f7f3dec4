//! The named targets: how large a picture a platform wants, in which format and how many bytes, each
//! with its source. Knows the built-in table; does not know a project's own presets or any asset.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// A named target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Preset {
    /// What manifests call it: `xiaohongshu-cover`.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Pixels to deliver.
    pub width: u32,
    /// Pixels to deliver.
    pub height: u32,
    /// `png`, `jpeg` or `webp`; nothing is `png`.
    pub format: Option<String>,
    /// The largest file that the platform takes.
    pub max_bytes: Option<u64>,
    /// At most so many pictures in one post.
    pub max_count: Option<u32>,
    /// What may be cropped or covered.
    pub safe: Safe,
    /// Who says so.
    pub source: String,
    /// The month in which somebody looked: `2026-11`.
    pub checked_on: String,
    /// How far the source is to be believed.
    pub confidence: Confidence,
    /// What else there is to know.
    pub note: Option<String>,
}

/// Pixels at each edge where nothing should stand that has to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Safe {
    /// From the top.
    pub top: u32,
    /// From the right.
    pub right: u32,
    /// From the bottom.
    pub bottom: u32,
    /// From the left.
    pub left: u32,
}

/// How far a published number is to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Confidence {
    /// An official document.
    A,
    /// Several third parties agree.
    B,
    /// One weak source, or a convention.
    C,
    /// Unconfirmed.
    U,
}

impl Confidence {
    /// Reads the letter.
    pub fn parse(letter: &str) -> Option<Self> {
        match letter {
            "A" => Some(Self::A),
            "B" => Some(Self::B),
            "C" => Some(Self::C),
            "U" => Some(Self::U),
            _ => None,
        }
    }
}

impl Preset {
    /// A target that is only a size, as an asset's own `size` asks for.
    pub fn of_size(width: u32, height: u32) -> Self {
        let name = format!("{width}x{height}");
        Self {
            title: name.clone(),
            name,
            width,
            height,
            format: None,
            max_bytes: None,
            max_count: None,
            safe: Safe::default(),
            source: "this project".to_owned(),
            checked_on: String::new(),
            confidence: Confidence::A,
            note: None,
        }
    }

    /// Width by height; 1 for a preset without height, which no check lets through.
    pub fn ratio(&self) -> f64 {
        if self.height == 0 {
            return 1.0;
        }
        f64::from(self.width) / f64::from(self.height)
    }

    /// The ratio in one word, for templates: `wide`, `landscape`, `square`, `portrait` or `tall`.
    pub fn shape(&self) -> &'static str {
        match self.ratio() {
            r if r >= 1.7 => "wide",
            r if r > 1.1 => "landscape",
            r if r <= 0.6 => "tall",
            r if r < 0.9 => "portrait",
            _ => "square",
        }
    }
}

/// The built-in presets by name.
pub fn builtin() -> &'static BTreeMap<String, Preset> {
    // The table is part of the program: a test reads it, so that the empty table is never seen.
    static TABLE: LazyLock<BTreeMap<String, Preset>> =
        LazyLock::new(|| parse(include_str!("presets.toml")).unwrap_or_default());
    &TABLE
}

/// A row as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    title: String,
    size: [u32; 2],
    format: Option<String>,
    max_bytes: Option<u64>,
    max_count: Option<u32>,
    #[serde(default)]
    safe: Safe,
    source: String,
    checked_on: String,
    confidence: Confidence,
    note: Option<String>,
}

fn parse(table: &str) -> Result<BTreeMap<String, Preset>, toml::de::Error> {
    let rows: BTreeMap<String, Row> = toml::from_str(table)?;
    Ok(rows
        .into_iter()
        .map(|(name, row)| {
            let preset = Preset {
                name: name.clone(),
                title: row.title,
                width: row.size[0],
                height: row.size[1],
                format: row.format,
                max_bytes: row.max_bytes,
                max_count: row.max_count,
                safe: row.safe,
                source: row.source,
                checked_on: row.checked_on,
                confidence: row.confidence,
                note: row.note,
            };
            (name, preset)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::{Confidence, builtin, parse};
    use model::request_size;

    #[test]
    fn the_table_parses_and_every_row_says_where_it_comes_from() {
        let table = parse(include_str!("presets.toml")).unwrap();
        assert_eq!(table.len(), 32);
        for (name, preset) in &table {
            assert_eq!(name, &preset.name);
            assert!(
                !preset.title.is_empty() && !preset.source.is_empty(),
                "{name}"
            );
            assert_eq!(preset.checked_on, "2026-11", "{name}");
            assert!((200..=4096).contains(&preset.width), "{name}");
            assert!((200..=4096).contains(&preset.height), "{name}");
            let format = preset.format.as_deref();
            assert!(matches!(format, None | Some("jpeg")), "{name}");
            assert!(preset.max_bytes.is_none_or(|b| b >= 65_536), "{name}");
            assert!(preset.max_count.is_none_or(|n| n >= 1), "{name}");
            let safe = preset.safe;
            // What is safe is still a picture: more than half of each side.
            assert!((safe.left + safe.right) * 2 < preset.width, "{name}");
            assert!((safe.top + safe.bottom) * 2 < preset.height, "{name}");
        }
    }

    #[test]
    fn the_well_known_ones() {
        let size = |name: &str| {
            let preset = &builtin()[name];
            (preset.width, preset.height, preset.shape())
        };
        for (name, expected) in [
            ("xiaohongshu-cover", (1080, 1440, "portrait")),
            ("xiaohongshu-slide", (1080, 1440, "portrait")),
            ("xiaohongshu-large", (1242, 1660, "portrait")),
            ("xiaohongshu-square", (1080, 1080, "square")),
            ("xiaohongshu-landscape", (1440, 1080, "landscape")),
            ("wechat-header", (900, 383, "wide")),
            ("wechat-header-2x", (1800, 766, "wide")),
            ("wechat-square", (500, 500, "square")),
            ("wechat-thumb", (500, 500, "square")),
            ("wechat-inline", (1080, 720, "landscape")),
            ("wechat-newspic", (1080, 1440, "portrait")),
            ("wechat-moments", (1080, 1080, "square")),
            ("wechat-poster", (1080, 1920, "tall")),
            ("douyin-cover", (1080, 1920, "tall")),
            ("douyin-slide", (1080, 1440, "portrait")),
            ("bilibili-cover", (1146, 717, "landscape")),
            ("bilibili-live", (1280, 720, "wide")),
            ("bilibili-live-tall", (720, 1280, "tall")),
            ("instagram-portrait", (1080, 1350, "portrait")),
            ("instagram-tall", (1080, 1440, "portrait")),
            ("linkedin-page", (1080, 1350, "portrait")),
            ("linkedin-square", (1080, 1080, "square")),
            ("x-post", (1600, 900, "wide")),
            ("youtube-thumbnail", (1280, 720, "wide")),
            ("open-graph", (1200, 630, "wide")),
            ("tiktok-photo", (1080, 1920, "tall")),
            ("course-cover", (1920, 1080, "wide")),
            ("course-cover-4x3", (1200, 900, "landscape")),
            ("event-poster", (1080, 1920, "tall")),
            ("poster-2x3", (1200, 1800, "portrait")),
            ("poster-a", (1240, 1754, "portrait")),
            ("roll-up", (1200, 3000, "tall")),
        ] {
            assert_eq!(size(name), expected, "{name}");
        }
    }

    #[test]
    fn limits() {
        let thumb = &builtin()["wechat-thumb"];
        assert_eq!(
            (thumb.format.as_deref(), thumb.max_bytes),
            (Some("jpeg"), Some(65_536))
        );
        assert_eq!(builtin()["wechat-square"].format, None);
        assert_eq!(builtin()["xiaohongshu-slide"].max_count, Some(18));
        assert_eq!(builtin()["wechat-header"].safe.left, 64);
        // The counter of the app is about 36 px high on a screen of 390: a tenth of the width.
        for (name, preset) in builtin() {
            if name.starts_with("xiaohongshu-") {
                assert!(preset.safe.top * 12 > preset.width, "{name}");
                assert!(preset.safe.bottom * 16 > preset.width, "{name}");
            }
        }
        assert_eq!(builtin()["open-graph"].confidence, Confidence::A);
    }

    #[test]
    fn a_row_with_an_unknown_key_is_not_taken() {
        assert!(parse("[a]\ntitle = \"a\"\nsize = [1, 1]\nsorce = \"x\"").is_err());
    }

    fn model_of(id: &str) -> &'static model::Model {
        model::builtin()
            .get(&model::ModelId::parse(id).unwrap())
            .unwrap()
    }

    #[test]
    fn every_preset_gets_a_legal_size_that_covers_it() {
        // Those that lose nothing, but for three: bilibili-cover, wechat-header-2x and
        // xiaohongshu-large lose about one pixel, because losing none would cost far more.
        let expected = [
            ("bilibili-cover", (1152, 720)),
            ("bilibili-live", (1280, 720)),
            ("bilibili-live-tall", (720, 1280)),
            ("course-cover", (2048, 1152)),
            ("course-cover-4x3", (1216, 912)),
            ("douyin-cover", (1152, 2048)),
            ("douyin-slide", (1104, 1472)),
            ("event-poster", (1152, 2048)),
            ("instagram-portrait", (1088, 1360)),
            ("instagram-tall", (1104, 1472)),
            ("linkedin-page", (1088, 1360)),
            ("linkedin-square", (1088, 1088)),
            ("open-graph", (1280, 672)),
            ("poster-2x3", (1216, 1824)),
            ("poster-a", (1312, 1856)),
            ("roll-up", (1216, 3040)),
            ("tiktok-photo", (1152, 2048)),
            ("wechat-header", (1504, 640)),
            ("wechat-header-2x", (1840, 784)),
            ("wechat-inline", (1104, 736)),
            ("wechat-moments", (1088, 1088)),
            ("wechat-newspic", (1104, 1472)),
            ("wechat-poster", (1152, 2048)),
            ("wechat-square", (816, 816)),
            ("wechat-thumb", (816, 816)),
            ("x-post", (1792, 1008)),
            ("xiaohongshu-cover", (1104, 1472)),
            ("xiaohongshu-landscape", (1472, 1104)),
            ("xiaohongshu-large", (1280, 1712)),
            ("xiaohongshu-slide", (1104, 1472)),
            ("xiaohongshu-square", (1088, 1088)),
            ("youtube-thumbnail", (1280, 720)),
        ];
        let found: Vec<_> = builtin()
            .values()
            .map(|p| {
                let size = request_size(model_of("openai/gpt-image-2"), p.width, p.height).unwrap();
                (p.name.as_str(), size)
            })
            .collect();
        assert_eq!(found, expected);
        for preset in builtin().values() {
            for id in model::builtin().names() {
                let model = model_of(&id);
                let Some((w, h)) = request_size(model, preset.width, preset.height) else {
                    // Some draw nothing as large.
                    assert!(!id.starts_with("openai/"), "{id} {}", preset.name);
                    continue;
                };
                assert!(model.sizes.allows(w, h), "{id} {}", preset.name);
                assert!(
                    w >= preset.width && h >= preset.height,
                    "{id} {}",
                    preset.name
                );
            }
        }
        assert_eq!(
            request_size(model_of("local/poster"), 900, 383),
            Some((900, 383))
        );
        let old = model_of("openai/dall-e-3");
        assert_eq!(request_size(old, 900, 383), Some((1792, 1024)));
        assert_eq!(request_size(old, 1080, 1440), None);
    }
}
